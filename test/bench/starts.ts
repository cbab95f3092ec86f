/**
 * Starts many commands side by side and ends each with SIGTERM: every one of them has to run its command.
 *   node test/bench/starts.ts [STARTS [AT-ONCE]]      default: 2,000, 16 at once
 */
import { Run } from '../support/run.ts';
import { startSideBySide } from '../support/starts.ts';
import { printTable } from '../support/table.ts';

const [, , starts = '2000', atOnce = '16'] = process.argv;
await using run = new Run();
const begin = performance.now();
const failures = await startSideBySide(run, Number(starts), Number(atOnce));
for (const { number, ran, status, stderr } of failures)
  console.log(`start ${number}: ${ran ? 'ran' : 'did not run'}, status ${status}${stderr && `, ${stderr.trim()}`}`);
printTable(
  'starts side by side',
  ['starts', 'at once', 'did not run', 'another status, or a word on stderr', 'seconds'],
  [
    [
      starts,
      atOnce,
      String(failures.filter(({ ran }) => !ran).length),
      String(failures.filter(({ ran }) => ran).length),
      ((performance.now() - begin) / 1000).toFixed(0),
    ],
  ],
);
process.exitCode = failures.length === 0 ? 0 : 1;
