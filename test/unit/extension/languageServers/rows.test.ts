import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServerStatus } from '../../../../src/extension/languageServers/serverStatus.ts';
import { filterLanguageServers } from '../../../../src/extension/processTree/languageServerRows.ts';
import { spokenText } from '../../../../src/extension/processTree/row.ts';
import { buildRows } from '../../../../src/extension/processTree/rows.ts';
import { ShownFigures } from '../../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../../src/extension/processTree/shownMembers.ts';
import { ShownRates } from '../../../../src/extension/processTree/shownRates.ts';
import type { TreeSnapshot } from '../../../../src/protocol/snapshot.ts';
import { aTree } from '../../../support/snapshots.ts';

const idle: ServerStatus = {
  name: 'shell',
  phase: { at: 'idle' },
  requestsPerMinute: 0,
  restarts: 0,
  trace: 'off',
  changed: false,
  undeclared: false,
};
const live = aTree({ cpuPercent: 1, memoryBytes: 2 ** 20 });
const running: Partial<ServerStatus> = { phase: { at: 'running' }, requestsPerMinute: 12, version: 'bash-ls 1.2' };

const groupOf = (status: Partial<ServerStatus>, snapshot?: TreeSnapshot) =>
  buildRows(
    [],
    { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() },
    { languageServers: [{ ...idle, ...status, group: 'Language servers', snapshot }] },
  )[0];

describe('the row of a language server', () => {
  const cases: [string, Partial<ServerStatus>, TreeSnapshot | undefined, string, string][] = [
    ['that was not started', {}, undefined, 'shell, idle, ', 'circle-outline'],
    ['that starts', { phase: { at: 'starting' } }, live, 'shell, starting, starting  1.0 %  1.0 MB', 'loading~spin'],
    ['that runs', running, live, 'shell, running, 1.0 %  1.0 MB  12 requests/min  bash-ls 1.2', 'circle-filled'],
    [
      'that was restarted',
      { ...running, restarts: 2 },
      live,
      'shell, running, 1.0 %  1.0 MB  12 requests/min  bash-ls 1.2  restarted 2 ×',
      'circle-filled',
    ],
    [
      'that is traced',
      { ...running, version: undefined, trace: 'messages' },
      live,
      'shell, running, 1.0 %  1.0 MB  12 requests/min  trace: messages',
      'circle-filled',
    ],
    [
      'whose declaration has changed',
      { ...running, requestsPerMinute: 0, changed: true },
      live,
      'shell, running, changed; restart to apply  1.0 %  1.0 MB  bash-ls 1.2',
      'circle-filled',
    ],
    [
      'that is no longer declared',
      { ...running, requestsPerMinute: 1, undeclared: true },
      live,
      'shell, running, no longer declared  1.0 %  1.0 MB  1 request/min  bash-ls 1.2',
      'circle-filled',
    ],
    [
      'that is restarted',
      { phase: { at: 'restarting', reason: 'ended by SIGKILL' }, restarts: 1 },
      { ...live, endedAt: 1 },
      'shell, restarting, restarting  ended by SIGKILL',
      'debug-restart',
    ],
    ['that is stopped', { phase: { at: 'stopping', again: false } }, live, 'shell, stopping, stopping  1.0 %  1.0 MB', 'loading~spin'],
    [
      'that was stopped',
      { phase: { at: 'stopped', reason: 'stopped by the user' } },
      undefined,
      'shell, stopped, stopped by the user',
      'circle-slash',
    ],
    [
      'that has crashed',
      { phase: { at: 'crashed', reason: 'exited with code 3' }, restarts: 4 },
      undefined,
      'shell, crashed, crashed  exited with code 3',
      'error',
    ],
    [
      'that could not be started',
      { phase: { at: 'failed', reason: "There is no command 'x'.\nmore" } },
      undefined,
      "shell, failed, There is no command 'x'.",
      'error',
    ],
  ];
  for (const [what, status, snapshot, expected, icon] of cases) {
    it(`${what} says so`, () => {
      const [row] = groupOf(status, snapshot)?.children ?? [];
      assert.deepEqual([row && spokenText(row), row?.icon], [expected, icon]);
    });
  }

  it('is in a group that counts those that run', () => {
    assert.deepEqual([groupOf({})?.description, groupOf(running, live)?.description], ['', '1/1']);
  });

  it('is found by its name, its version and its group', () => {
    const all = [{ ...idle, ...running, group: 'Language servers' }];
    const found = (words: string): number => filterLanguageServers(all, words).length;
    assert.deepEqual([found('shell'), found('bash-ls'), found('language shell'), found('python')], [1, 1, 1, 0]);
  });
});

describe('the rate of requests', () => {
  it('is shown for a while before it is replaced, and not replaced while a hover is read', () => {
    let now = 0;
    const rates = new ShownRates(() => now);
    assert.equal(rates.text('a', 1), '1 request/min');
    now = 4999;
    assert.equal(rates.text('a', 2), '1 request/min');
    now = 5000;
    assert.equal(rates.text('a', 3), '3 requests/min');
    rates.hoverBegins();
    now = 14_999;
    assert.equal(rates.text('a', 4), '3 requests/min');
    rates.retain(new Set());
    assert.equal(rates.text('a', 0), '');
  });
});
