import type { ClusterClient } from '@coppice/cluster/node'

/** What is used of the connection to a coordinator. */
export type TrainingClient =
  Pick<ClusterClient, 'train' | 'fetch' | 'predict' | 'upload' | 'status' | 'close'>
