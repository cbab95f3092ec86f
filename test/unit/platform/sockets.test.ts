import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isThread } from '../../../src/platform/linux/procfs.ts';
import { parseSockets } from '../../../src/platform/linux/sockets.ts';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

describe('/proc/net', () => {
  const cases = [
    ['0100007F:0BB8', '127.0.0.1', 3000],
    ['00000000:0050', '0.0.0.0', 80],
    ['00000000000000000000000000000000:1F90', '::', 8080],
    ['00000000000000000000000001000000:FFFF', '::1', 65_535],
    ['0000000000000000FFFF00000100007F:0001', '127.0.0.1', 1],
    ['B80D0120000000000000000001000000:01BB', '2001:db8::1', 443],
  ] as const;
  for (const [local, address, port] of cases) {
    it(`is read: ${local}`, () => {
      assert.deepEqual(parseSockets([header, line(local, '0A', 77), ''].join('\n'), 'tcp'), [
        { protocol: 'tcp', address, port, inode: 77 },
      ]);
    });
  }

  it('lists connections too, which accept none', () => {
    const table = [header, line('0100007F:0BB8', '01', 1), line('0100007F:0BB9', '06', 0), line('0100007F:14E9', '07', 3)].join('\n');
    assert.deepEqual(parseSockets(table, 'tcp'), []);
    assert.deepEqual(parseSockets(table, 'udp'), [{ protocol: 'udp', address: '127.0.0.1', port: 5353, inode: 3 }]);
  });
});

describe('/proc/PID/stat of a thread', () => {
  const stat = (signal: number): string =>
    `42 (a) b) S 1 42 42 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 3 0 5 1000 25 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 ${signal} 0 0 0`;
  it('is known by its exit signal', () => assert.deepEqual([isThread(stat(-1)), isThread(stat(17))], [true, false]));
});
