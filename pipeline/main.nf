#!/usr/bin/env nextflow
// Converts a data set, each shard in a task of its own, on any executor of Nextflow; as a Code Ocean pipeline does it.
//
//     nextflow run pipeline/main.nf --data /path/of/data --results /path/of/results --options '--dataset Miniscope'
//
// The data are a folder, or s3://bucket/folder. See docs/code-ocean.md.

nextflow.enable.dsl = 2

// where the recordings are
params.data = null
// where the outputs go
params.results = 'results'
// a folder of shards that were made before; without it they are made by the first task
params.shards = null
// what is converted and how: options of create_inputs, which go into the shards
params.options = ''
// options of every run of a shard: machine, messages
params.run_options = ''
// where the capsule is cloned from, and which commit
params.repository = "${projectDir}/.."
params.revision = 'HEAD'

process create_inputs {
    publishDir params.results, mode: 'copy', pattern: 'capsule/results/*', saveAs: { filename -> new File(filename).getName() }

    input:
    path 'capsule/data/recordings'

    output:
    path 'capsule/results/shards/*', emit: shards
    path 'capsule/results/*'

    script:
    """
    #!/usr/bin/env bash
    set -e

    export CO_CPUS=${task.cpus}
    export CO_MEMORY=${task.memory.toBytes()}

    mkdir -p capsule/data capsule/results capsule/scratch
    git clone --quiet "${params.repository}" capsule-repo
    git -C capsule-repo checkout --quiet "${params.revision}"
    mv capsule-repo/code capsule/code
    rm -rf capsule-repo

    data="${params.data}"
    [[ \$data == s3://* ]] || data=../data/recordings
    cd capsule/code
    chmod +x run
    ./run --create_inputs True --data_dir "\$data" ${params.options} || code=\$?

    # recordings that cannot be converted are in no shard, and the manifest names them
    [[ \${code:-0} == [04] ]] || exit \$code
    """
}

process convert {
    publishDir params.results, mode: 'copy', saveAs: { filename -> new File(filename).getName() }

    input:
    path 'capsule/data/job'
    path 'capsule/data/recordings'

    output:
    path 'capsule/results/*'

    script:
    """
    #!/usr/bin/env bash
    set -e

    export CO_CPUS=${task.cpus}
    export CO_MEMORY=${task.memory.toBytes()}

    mkdir -p capsule/data capsule/results capsule/scratch
    git clone --quiet "${params.repository}" capsule-repo
    git -C capsule-repo checkout --quiet "${params.revision}"
    mv capsule-repo/code capsule/code
    rm -rf capsule-repo

    cd capsule/code
    chmod +x run
    ./run ${params.run_options} || code=\$?

    # sessions that cannot be converted are told of in run-*/summary.json, which is published with all others
    [[ \${code:-0} == [03456] ]] || exit \$code
    """
}

workflow {
    // of a bucket each task fetches what it needs itself
    recordings = params.data && !params.data.startsWith('s3://') ? file(params.data, checkIfExists: true) : []
    shards = params.shards
        ? Channel.fromPath("${params.shards}/*.json", checkIfExists: true)
        : create_inputs(recordings).shards.flatten()
    convert(shards, recordings)
}
