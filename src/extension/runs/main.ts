/** What is read of runs on request: a bundle of its own. */
export { readRuns } from '../../records/runFiles.ts';
export { recordedRuns } from './recordedRuns.ts';
export { showRuns } from './showRuns.ts';
