/**
 * Random work on one warden for a long time: no process may survive, no descriptor or record may be left, memory has to stay flat.
 *   node test/bench/soak.ts [SECONDS [SEED [WORKERS]]]      default: an hour, three at a time
 */
import { randomFrom } from '../support/random.ts';
import { soak } from '../support/soak.ts';
import { printTable } from '../support/table.ts';

const [, , seconds = '3600', seed = String(Date.now() % 1_000_000), workers = '3'] = process.argv;
const report = await soak(Number(seconds), randomFrom(Number(seed)), Number(workers));
printTable(
  `soak (seed ${seed})`,
  ['seconds', 'trees', 'switches killed', 'members killed', 'descriptors', 'memory of the warden'],
  [
    [
      ...[report.seconds, report.trees, report.switchesKilled, report.membersKilled].map(String),
      report.descriptors.join(' → '),
      report.megabytes.map((megabytes) => `${megabytes} MB`).join(' → '),
    ],
  ],
);
