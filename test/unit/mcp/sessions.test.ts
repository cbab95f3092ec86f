import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Sessions } from '../../../src/mcp/sessions.ts';

class Transport {
  isOpen = true;

  close(): void {
    this.isOpen = false;
  }
}

const limits = { count: 3, idleMillis: 1000 };

function filled(): { sessions: Sessions<Transport>; transports: Transport[] } {
  const sessions = new Sessions<Transport>(limits);
  const transports = ['a', 'b', 'c'].map((id) => {
    const transport = new Transport();
    assert.ok(sessions.makeRoom());
    sessions.add(id, transport);
    sessions.done(id);
    return transport;
  });
  return { sessions, transports };
}

const openOf = (transports: readonly Transport[]): string => transports.map(({ isOpen }) => (isOpen ? 'o' : 'x')).join('');

describe('sessions of MCP', () => {
  it('give way to a new one where there are too many: the one that was used least recently', () => {
    const { sessions, transports } = filled();
    sessions.use('a')();
    assert.ok(sessions.makeRoom());
    assert.equal(openOf(transports), 'oxo');
    assert.equal(sessions.get('b'), undefined);
    sessions.dispose();
  });

  it('do not give way while they are in use', () => {
    const { sessions, transports } = filled();
    const done = ['a', 'b', 'c'].map((id) => sessions.use(id));
    assert.equal(sessions.makeRoom(), false);
    done[2]?.();
    assert.ok(sessions.makeRoom());
    assert.equal(openOf(transports), 'oox');
    sessions.dispose();
  });

  it('are closed when they were idle for long enough', ({ mock }) => {
    mock.timers.enable({ apis: ['setInterval'] });
    let now = 0;
    mock.method(performance, 'now', () => now);
    const { sessions, transports } = filled();
    sessions.use('a');
    now = 900;
    sessions.use('c')();
    now = 1000;
    mock.timers.tick(1000);
    assert.equal(openOf(transports), 'oxo');
    sessions.dispose();
    assert.equal(openOf(transports), 'xxx');
  });
});
