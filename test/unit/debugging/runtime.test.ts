import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { debugpyAddress, isDebugpyAdapter } from '../../../src/debugging/debugpy.ts';
import { candidatePorts } from '../../../src/debugging/inspector.ts';
import { profileName } from '../../../src/debugging/profileStore.ts';
import { type InspectorOptions, inspectorOptions, isNode, runtimeOf } from '../../../src/debugging/runtime.ts';
import { parseTargets } from '../../../src/debugging/targets.ts';
import type { Program } from '../../../src/protocol/programs.ts';

const program = (fields: Partial<Program>): Program => ({ pid: 1, startTime: 2, name: 'it', argv: [], commandLine: '', ...fields });
const words = (line: string): string[] => line.split(' ');

describe('the runtime of a process', () => {
  for (const [executable, runtime] of [
    ['/usr/bin/node', 'node'],
    ['/usr/bin/nodejs', 'node'],
    ['/opt/node-v22.1.0/bin/node', 'node'],
    ['/usr/local/bin/node22', 'node'],
    ['/usr/local/bin/node-20.18', 'node'],
    ['C:\\Program Files\\nodejs\\node.exe', 'node'],
    ['/usr/bin/python3.12', 'python'],
    ['/usr/bin/python', 'python'],
    ['/usr/bin/python3.13t', 'python'],
    ['/opt/pypy/bin/pypy3', 'python'],
    ['C:\\Python\\pythonw.exe', 'python'],
    ['/usr/bin/nodemon', undefined],
    ['/usr/lib/postgresql/bin/postgres', undefined],
    ['/usr/bin/python3-config', undefined],
    ['/home/node/server', undefined],
    ['/usr/bin/bash', undefined],
  ] as const)
    it(`${executable} is ${runtime ?? 'none'}`, () => assert.equal(runtimeOf(program({ executable })), runtime));

  it('is that of the executable, whatever the process calls itself', () => {
    assert.equal(runtimeOf(program({ executable: '/usr/bin/node', name: 'next-server', argv: ['next-server (v15)'] })), 'node');
    assert.equal(runtimeOf(program({ executable: '/usr/bin/sleep', name: 'node', argv: ['node'] })), undefined);
  });

  it('is that of the name where the system tells no executable', () => assert.equal(runtimeOf(program({ name: 'node.exe' })), 'node'));

  it('is Node’s for a program that was told to open its inspector, which SIGUSR1 may end all the same', () => {
    const electron = program({ executable: '/opt/app/electron', argv: words('electron --inspect=5858 .') });
    assert.equal(runtimeOf(electron), 'node');
    assert.equal(isNode(electron), false);
  });
});

describe('what Node’s options say of the inspector', () => {
  const closed: InspectorOptions = { isOpen: false, port: 9229, ignoresSignal: false };
  for (const [line, nodeOptions, expected] of [
    ['node server.js', undefined, closed],
    ['node --inspect server.js', undefined, { ...closed, isOpen: true }],
    ['node --inspect-brk server.js', undefined, { ...closed, isOpen: true }],
    ['node --inspect-wait=9230 server.js', undefined, { ...closed, isOpen: true, port: 9230 }],
    ['node --inspect=0.0.0.0:9230 server.js', undefined, { ...closed, isOpen: true, port: 9230 }],
    ['node --inspect=[::1]:9230 server.js', undefined, { ...closed, isOpen: true, port: 9230 }],
    ['node --inspect=localhost server.js', undefined, { ...closed, isOpen: true }],
    ['node --inspect=0 server.js', undefined, { ...closed, isOpen: true, port: 0 }],
    ['node --inspect=99999 server.js', undefined, { ...closed, isOpen: true }],
    ['node --inspect-port=9240 server.js', undefined, { ...closed, port: 9240 }],
    ['node --inspect-port 9240 server.js', undefined, { ...closed, port: 9240 }],
    ['node --inspect --inspect-port=9231 server.js', undefined, { ...closed, isOpen: true, port: 9231 }],
    ['node --debug-port=9241 server.js', undefined, { ...closed, port: 9241 }],
    ['node --disable-sigusr1 server.js', undefined, { ...closed, ignoresSignal: true }],
    ['node server.js --inspect=1234 --disable-sigusr1', undefined, closed],
    ['node -r ./hook.js --inspect=9232 server.js', undefined, { ...closed, isOpen: true, port: 9232 }],
    ['node --inspector-like server.js', undefined, closed],
    ['node server.js', '--inspect-port=0', { ...closed, port: 0 }],
    ['node --inspect-port=1 server.js', '--inspect-port=0', { ...closed, port: 1 }],
    ['node server.js', '--require "/a b/--inspect.js" --inspect=9233', { ...closed, isOpen: true, port: 9233 }],
    ['node server.js', '--disable-sigusr1', { ...closed, ignoresSignal: true }],
  ] as const)
    it(`${line}${nodeOptions === undefined ? '' : `, NODE_OPTIONS=${nodeOptions}`}`, () =>
      assert.deepEqual(inspectorOptions({ argv: words(line), ...(nodeOptions !== undefined && { nodeOptions }) }), expected));
});

describe('the ports that may be an inspector’s', () => {
  const tcp = (address: string, port: number) => ({ protocol: 'tcp', address, port }) as const;
  const numbers = (fields: Partial<Program>): number[] => candidatePorts(program(fields)).map(({ port }) => port);

  it('are the one it was told first, and then those that only this machine can reach', () => {
    const ports = [tcp('127.0.0.1', 41000), tcp('0.0.0.0', 3000), tcp('127.0.0.1', 9229), tcp('::1', 5173)];
    assert.deepEqual(numbers({ ports }), [9229, 41000, 5173]);
    assert.deepEqual(numbers({ ports, argv: words('node --inspect=0.0.0.0:3000 x.js') }), [3000, 41000, 9229, 5173]);
  });

  it('are none of UDP, and a bounded number', () => {
    assert.deepEqual(numbers({ ports: [{ protocol: 'udp', address: '127.0.0.1', port: 9229 }] }), []);
    assert.deepEqual(numbers({}), []);
    assert.equal(numbers({ ports: Array.from({ length: 100 }, (_, index) => tcp('127.0.0.1', 1000 + index)) }).length, 20);
  });
});

describe('what answers at such a port', () => {
  const id = '505f80a8-72ed-4abf-8bb5-3f0582837b50';
  for (const [title, text, expected] of [
    ['an inspector', JSON.stringify([{ type: 'node', id, title: 'x' }]), id],
    ['a browser', JSON.stringify([{ type: 'page', id }]), undefined],
    ['an id that would lead elsewhere', JSON.stringify([{ type: 'node', id: '../@evil.example/' }]), undefined],
    ['a page', '<html></html>', undefined],
    ['an empty list', '[]', undefined],
    ['no list', '{"type":"node"}', undefined],
    ['null', '[null]', undefined],
  ] as const)
    it(title, () => assert.equal(parseTargets(text), expected));
});

describe('where debugpy listens', () => {
  const adapter = (port: number) => ({
    argv: words(`/usr/bin/python3 /lib/debugpy/adapter --for-server 40001 --host 127.0.0.1 --port ${port} --server-access-token x`),
  });
  for (const [line, expected] of [
    ['python3 -m debugpy --listen 5678 app.py', { host: '127.0.0.1', port: 5678 }],
    ['python3 -X frozen_modules=off -m debugpy --listen 5678 app.py', { host: '127.0.0.1', port: 5678 }],
    ['python3 -Xfrozen_modules=off -m debugpy --listen 5678 --wait-for-client app.py', { host: '127.0.0.1', port: 5678 }],
    ['python3 -m debugpy --listen 0.0.0.0:5678 app.py', { host: '127.0.0.1', port: 5678 }],
    ['python3 -m debugpy --listen [::1]:5678 app.py', { host: '::1', port: 5678 }],
    ['python3 -m debugpy --listen 10.0.0.7:5678 app.py', { host: '10.0.0.7', port: 5678 }],
    ['python3 -m debugpy --connect 5678 app.py', undefined],
    ['python3 -m debugpy --listen 99999 app.py', undefined],
    ['python3 app.py -m debugpy --listen 5678', undefined],
    ['python3 app.py', undefined],
  ] as const)
    it(line, () => assert.deepEqual(debugpyAddress({ argv: words(line) }, []), expected));

  it('is said by the adapter of a program that listens by itself, where there is one only', () => {
    const app = { argv: words('python3 app.py') };
    assert.deepEqual(debugpyAddress(app, [app, adapter(5679)]), { host: '127.0.0.1', port: 5679 });
    assert.equal(debugpyAddress(app, [adapter(5679), adapter(5680)]), undefined);
    assert.deepEqual([app, adapter(5679)].map(isDebugpyAdapter), [false, true]);
  });
});

describe('the file of a profile', () => {
  it('has a name that any file system takes', () => {
    const now = new Date('2026-01-31T12:00:05.678Z');
    assert.equal(profileName('api', 12, 'cpuprofile', now), 'api-12-20260131-120005.cpuprofile');
    assert.equal(profileName('../näme: 1/2', 12, 'heapsnapshot', now), 'näme_1_2-12-20260131-120005.heapsnapshot');
    assert.ok(profileName('x'.repeat(1000), 12, 'cpuprofile', now).length < 100);
  });
});
