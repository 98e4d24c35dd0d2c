/** Starts a local cluster, says which processes it has, and waits to be killed. */
import { LocalCluster } from '../../../src/node/local-cluster.js'

const cluster = await LocalCluster.start({ workers: 2, threadsPerWorker: 1 })
process.stdout.write(JSON.stringify([cluster.coordinatorPid, ...cluster.workerPids]))
setInterval(() => undefined, 1000)
