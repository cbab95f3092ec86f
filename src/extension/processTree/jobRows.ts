/** The row of a pool of jobs. Independent of the editor and of the clock. */
import { type JobCounts, jobCountText } from '../../protocol/jobs.ts';
import { isLive, usedTogether } from '../../protocol/trees.ts';
import { idOfPool, type Row, type RowSource, type Shown } from './row.ts';

/** @param jobs Those that run, below it. */
export function jobPoolRow(
  source: RowSource & { readonly jobs: JobCounts },
  jobs: readonly RowSource[],
  shown: Shown,
  rowOfJob: (job: RowSource) => Row,
): Row {
  const { name, description = '', declared, place, mistake, jobs: counts } = source;
  const id = idOfPool(name);
  const trees = jobs.flatMap(({ tree }) => (tree && isLive(tree) ? tree : []));
  const isBusy = counts.running + counts.queued + counts.waiting > 0;
  const used = trees.length > 0 ? shown.figures.text(id, usedTogether(trees)) : '';
  const text = isBusy ? [jobCountText(counts), used].filter(Boolean).join('  ') : description || jobCountText(counts);
  return {
    id,
    kind: 'pool',
    label: name,
    description: mistake?.message ?? text,
    ...(mistake
      ? { icon: 'error', colour: 'charts.red' }
      : isBusy
        ? { icon: 'layers-active', colour: 'charts.green' }
        : { icon: 'layers' }),
    context: `jobs.${isBusy ? 'live' : 'idle'}${declared ? '.declared' : ''}`,
    process: name,
    ...(place && { place }),
    children: jobs.map((job) => withJobContext(rowOfJob(job))),
  };
}

/** It runs once: it can be stopped, and not restarted. */
function withJobContext(row: Row): Row {
  return { ...row, context: `${row.context}.job` };
}
