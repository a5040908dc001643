process DDVIANCESTRY_ASSIGN {
    tag "$meta.id"
    label 'process_low'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/ddvi-ancestry:0.1.0--pyhdfd78af_0':
        'quay.io/biocontainers/ddvi-ancestry:0.1.0--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(samples)
    tuple val(meta2), path(model)
    val reference
    path targets

    output:
    tuple val(meta), path("${prefix}.ancestry.tsv") , emit: ancestry
    tuple val(meta), path("${prefix}.assign.*.tsv") , emit: levels
    tuple val(meta), path("${prefix}.assign.json")  , emit: counts
    tuple val(meta), path("${prefix}_mqc.json")     , emit: multiqc
    tuple val(meta), path("${prefix}.map_mqc.json") , emit: multiqc_map
    tuple val(meta), path("${prefix}.coords.tsv")   , emit: coords, optional: true
    tuple val(meta), path("${prefix}.eigenvec")     , emit: eigenvec, optional: true
    tuple val(meta), path("${prefix}.pcs.tsv")      , emit: pcs, optional: true
    tuple val(meta), path("${prefix}.groups.tsv")   , emit: groups, optional: true
    tuple val(meta), path("${prefix}.relatives.tsv"), emit: relatives, optional: true
    tuple val(meta), path("${prefix}.png")          , emit: png, optional: true
    tuple val(meta), path("${prefix}.svg")          , emit: svg, optional: true
    tuple val(meta), path("${prefix}.summary.json") , emit: summary, optional: true
    tuple val(meta), path("${prefix}.report.html")  , emit: html, optional: true
    tuple val(meta), path("${prefix}.assign.log")   , emit: log
    tuple val("${task.process}"), val('ddvi-ancestry'), eval("ddvi-ancestry --version | sed 's/.* //'"), topic: versions, emit: versions_ddviancestry

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    // Indexes, the other files of a set such as PLINK's, and the .pcs.tsv of coordinates are staged and not named
    def inputs = [samples].flatten().findAll { file -> !(file.name ==~ /.*\.(bim|fam|pvar|pvar\.zst|psam|snp|ind|sample|tbi|csi|bgi|pcs\.tsv)/) }.join(' ')
    def chosen = model ?: reference ?: error('Give a model, or the name of a reference model.')
    def targets_option = targets ? "--absent reference --targets ${targets}" : ''
    """
    ddvi-ancestry assign \\
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
    touch ${prefix}.ancestry.tsv
    touch ${prefix}.assign.population.tsv
    touch ${prefix}.assign.json
    touch ${prefix}_mqc.json
    touch ${prefix}.map_mqc.json
    touch ${prefix}.assign.log
    """
}
