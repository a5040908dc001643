process DDVIANCESTRY_REPORT {
    tag "$meta.id"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/ddvi-ancestry:0.1.0--pyhdfd78af_0':
        'quay.io/biocontainers/ddvi-ancestry:0.1.0--pyhdfd78af_0' }"

    input:
    tuple val(meta), path(runs)
    tuple val(meta2), path(model)
    path labels

    output:
    tuple val(meta), path("${prefix}.report.html"), emit: html
    tuple val(meta), path("${prefix}.report.log") , emit: log
    tuple val("${task.process}"), val('ddvi-ancestry'), eval("ddvi-ancestry --version | sed 's/.* //'"), topic: versions, emit: versions_ddviancestry

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    // A run is named by its prefix
    def prefixes = [runs].flatten().findAll { file -> file.name.endsWith('.summary.json') }.collect { file -> file.name - '.summary.json' }.join(' ')
    def model_option = model ? "--model ${model}" : ''
    def labels_option = labels ? "--labels ${labels}" : ''
    """
    ddvi-ancestry report \\
        $prefixes \\
        $model_option \\
        $labels_option \\
        $args \\
        --out $prefix
    """

    stub:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo $args
    touch ${prefix}.report.html
    touch ${prefix}.report.log
    """
}
