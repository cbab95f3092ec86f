import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedPorts } from '../../../src/config/fixedPorts.ts';

const cases: readonly [string, Parameters<typeof fixedPorts>[0], readonly number[]][] = [
  ['none', { command: 'npm run dev' }, []],
  ['options', { command: 'vite --port 5173 && serve -p 3000' }, [3000, 5173]],
  ['an option with =', { command: ['next', 'dev', '--port=3001'] }, [3001]],
  ['an option of a list', { command: ['redis-server', '--port', '6379'] }, [6379]],
  ['another option of that kind', { command: 'x --http-port 8081' }, [8081]],
  ['a variable in the command', { command: 'PORT=4000 node server.js' }, [4000]],
  ['the environment', { command: 'node server.js', env: { PORT: '4001' } }, [4001]],
  ['probes', { command: 'x', ready: { http: 'http://127.0.0.1:8080/health' }, alive: { tcp: 9000 } }, [8080, 9000]],
  ['a probe of an address', { command: 'x', ready: { tcp: 'localhost:9001' } }, [9001]],
  ['the same one twice', { command: 'x --port 8080', ready: { http: 'http://localhost:8080' } }, [8080]],
  ['ports by name', { command: 'x --port ${port:web}', env: { PORT: '${port:web}' }, ready: { http: 'http://127.0.0.1:${port:web}' } }, []],
  ['other machines', { command: 'x', ready: { http: 'http://example.com:8080' }, alive: { tcp: 'db:5432' } }, []],
  ['what is no port', { command: 'x --port 0 --port 99999 --port 80x -p' }, []],
];

describe('the fixed ports of a declaration', () => {
  for (const [what, spec, ports] of cases)
    it(`are ${ports.join(', ') || 'none'} with ${what}`, () => assert.deepEqual(fixedPorts(spec), ports));
});
