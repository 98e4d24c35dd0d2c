/**
 * What is accepted from the other end, far above what a training needs and far below what would
 * bring a process down. Senders hold the same limits, so that a job which passes one fails where
 * it does, with a message, and not in a loop of refused connections.
 */

/** Bytes of one message, and of all messages of a connection that are not complete. */
export const MESSAGE_BYTES_MAX = 512 * 1024 * 1024
/** Bytes of a fragment's payload: the longest that a heartbeat waits for on a busy connection. */
export const FRAGMENT_BYTES = 1024 * 1024
/** Messages of a connection that are not complete. */
export const INCOMPLETE_MAX = 64

/** Containers within containers. The deepest message, a job with its plans, has 12. */
export const DEPTH_MAX = 32
/** Values of a message; each number of a list is one, a typed array or a text is one. */
export const VALUES_MAX = 1 << 25
/** UTF-8 bytes of a key, and of any other text. */
export const KEY_BYTES_MAX = 1 << 16
export const TEXT_BYTES_MAX = 1 << 26

/** Processes of a local cluster. */
export const LOCAL_WORKERS_MAX = 1024

/** Characters of names: jobs, workers, hashes. */
export const NAME_LENGTH_MAX = 256
export const URI_LENGTH_MAX = 1 << 16
export const MESSAGE_TEXT_LENGTH_MAX = 1 << 20
/** Columns of a data set; LibSVM files have up to a million, and a label and query ids. */
export const COLUMNS_MAX = 1 << 20
export const PARTITIONS_MAX = 1 << 20
export const UNITS_MAX = 1 << 24
/** Data sets of a job, stores of a worker, tasks of a worker. */
export const DATASETS_MAX = 4096
export const STORES_MAX = 1 << 16
export const TASKS_MAX = 1 << 20
/** Trees of an iteration, one per output, and iterations of a job. */
export const OUTPUTS_MAX = 1 << 16
/** Changes of an iteration to the scores: with dropout of trees more than its own. */
export const COMMITS_MAX = 1 << 22
export const ITERATIONS_MAX = 1 << 24
export const LEAVES_MAX = 1 << 20
export const METRICS_MAX = 4096
/** Parts of metrics in an answer: auc_mu has one for each pair of classes of a data set. */
export const METRIC_PARTS_MAX = 1 << 16
/** Numbers of rows in an answer. */
export const COUNTS_MAX = 1 << 16
/** Distinct values of a column. */
export const CATEGORIES_MAX = 1 << 24
/** Bytes of an engine request. */
export const REQUEST_BYTES_MAX = 1 << 28
