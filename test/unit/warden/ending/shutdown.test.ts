import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Shutdown } from '../../../../src/warden/ending/shutdown.ts';
import type { WardenParts } from '../../../../src/warden/wardenParts.ts';

it('a warden whose end fails ends nevertheless, and leaves its switch to kill what is left', async (t) => {
  const exit = t.mock.method(process, 'exit', (): never => undefined as never);
  t.mock.method(process.stderr, 'write', () => true);
  let stoodDown = false;
  const parts = {
    supervisor: { shutdown: () => Promise.reject(new Error('it cannot be ended')) },
    models: { close: () => Promise.resolve() },
    deadMansSwitch: {
      standDown: () => {
        stoodDown = true;
      },
    },
    journal: { write: () => undefined, close: () => Promise.resolve() },
  } as unknown as WardenParts;
  const shutdown = new Shutdown(parts, { stopWatching: () => undefined, stopServing: () => undefined });
  await Promise.all([shutdown.begin('the test says so', false), shutdown.begin('once more', true)]);
  assert.deepEqual(
    exit.mock.calls.map(({ arguments: [code] }) => code),
    [70],
  );
  assert.equal(stoodDown, false);
});
