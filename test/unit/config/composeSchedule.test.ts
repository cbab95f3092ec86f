/** Schedules of process-compose, as a processes.json has them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FoundSchedule, foundSchedule } from '../../../src/config/import/composeSchedule.ts';
import { keepInFile } from '../../../src/config/import/keepInFile.ts';
import { processCompose } from '../../../src/config/import/processCompose.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

const cases: readonly (readonly [object, FoundSchedule | undefined])[] = [
  [{ cron: '0 2 * * *' }, '0 2 * * *'],
  [
    { cron: '0 2 * * *', timezone: 'UTC' },
    { cron: '0 2 * * *', timeZone: 'UTC' },
  ],
  [{ cron: '0 2 * * *', timezone: 'Local' }, '0 2 * * *'],
  [{ cron: '0 2 * * *', interval: '5m' }, '0 2 * * *'],
  [{ cron: '0 2 * * *', run_on_start: true, max_concurrent: 3 }, '0 2 * * *'],
  [{ interval: '30s' }, '*/30 * * * * *'],
  [{ interval: '1s' }, '* * * * * *'],
  [{ interval: '1m' }, '* * * * *'],
  [{ interval: '30m', timezone: 'UTC' }, '*/30 * * * *'],
  [{ interval: '1m30s' }, undefined],
  [{ interval: '90m' }, undefined],
  [{ interval: '1h' }, '0 * * * *'],
  [{ interval: '1h60m' }, '0 */2 * * *'],
  [{ interval: '24h' }, '@daily'],
  [{ interval: '7m' }, undefined],
  [{ interval: '500ms' }, undefined],
  [{ interval: '0s' }, undefined],
  [{ interval: 'often' }, undefined],
  [{ cron: '0 0 31 2 *' }, undefined],
  [{ cron: '0 2 * * *', timezone: 'Atlantis' }, undefined],
  [{}, undefined],
];

describe('a schedule of process-compose', () => {
  for (const [written, expected] of cases)
    it(`${JSON.stringify(written)} is ${JSON.stringify(expected) ?? 'left out'}`, () => assert.deepEqual(foundSchedule(written), expected));

  it('is kept with its process, in a file that can be read', () => {
    const text = 'processes:\n  backup:\n    command: ./backup.sh\n    schedule:\n      cron: "0 2 * * *"\n      timezone: UTC\n';
    const [found] = processCompose.find(text, undefined as never, 'process-compose.yaml');
    assert.ok(found);
    const { specs, problems } = parseProcesses(keepInFile('', { ...found, name: found.label, source: 'process-compose.yaml' }));
    assert.deepEqual([problems, specs.get('backup')?.schedule], [[], { cron: '0 2 * * *', timeZone: 'UTC', overlap: 'skip' }]);
  });
});
