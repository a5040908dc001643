process DDVIANCESTRY_EMBED {
    tag "$meta.id"
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/ddvi-ancestry:0.1.0--pyhdfd78af_0':
        'quay.io/biocontainers/ddvi-ancestry:0.1.0--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(genotypes)
    tuple val(meta2), path(model)
    val reference
    path targets

    output:
    tuple val(meta), path("${prefix}.coords.tsv")   , emit: coords
    tuple val(meta), path("${prefix}.eigenvec")     , emit: eigenvec
    tuple val(meta), path("${prefix}.pcs.tsv")      , emit: pcs
    tuple val(meta), path("${prefix}.groups.tsv")   , emit: groups, optional: true
    tuple val(meta), path("${prefix}.relatives.tsv"), emit: relatives
    tuple val(meta), path("${prefix}.png")          , emit: png
    tuple val(meta), path("${prefix}.svg")          , emit: svg
    tuple val(meta), path("${prefix}.summary.json") , emit: summary
    tuple val(meta), path("${prefix}.draws.npz")    , emit: draws, optional: true
    tuple val(meta), path("${prefix}_mqc.json")     , emit: multiqc
    tuple val(meta), path("${prefix}.map_mqc.json") , emit: multiqc_map
    tuple val(meta), path("${prefix}.report.html")  , emit: html, optional: true
    tuple val(meta), path("${prefix}.log")          , emit: log
    tuple val("${task.process}"), val('ddvi-ancestry'), eval("ddvi-ancestry --version | sed 's/.* //'"), topic: versions, emit: versions_ddviancestry

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    // Indexes, and the other files of a set such as PLINK's, are staged and not named
    def inputs = [genotypes].flatten().findAll { file -> !(file.name ==~ /.*\.(bim|fam|pvar|pvar\.zst|psam|snp|ind|sample|tbi|csi|bgi)/) }.join(' ')
    def chosen = model ?: reference ?: error('Give a model, or the name of a reference model.')
    def targets_option = targets ? "--absent reference --targets ${targets}" : ''
    """
    ddvi-ancestry embed \\
        $chosen \\
        $inputs \\
        $targets_option \\
        --threads $task.cpus \\
        $args \\
        --out $prefix
    """

    stub:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo $args
    touch ${prefix}.coords.tsv
    touch ${prefix}.eigenvec
    touch ${prefix}.pcs.tsv
    touch ${prefix}.relatives.tsv
    touch ${prefix}.png
    touch ${prefix}.svg
    touch ${prefix}.summary.json
    touch ${prefix}_mqc.json
    touch ${prefix}.map_mqc.json
    touch ${prefix}.log
    """
}
