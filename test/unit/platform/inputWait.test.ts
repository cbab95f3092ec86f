import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSyscall, polledBy } from '../../../src/platform/linux/inputWait.ts';

describe('what a thread waits for', () => {
  const cases: [line: string, architecture: string, found: ReturnType<typeof parseSyscall>][] = [
    ['0 0x0 0x55d0 0x80 0x0 0x0 0x0 0x7ffd 0x7f4a\n', 'x64', { call: 'read', argument: 0 }],
    ['0 0x1b 0x55d0 0x80 0x0 0x0 0x0 0x7ffd 0x7f4a\n', 'x64', { call: 'read', argument: 27 }],
    ['63 0x3 0x55d0 0x80 0x0 0x0 0x0 0x7ffd 0x7f4a\n', 'arm64', { call: 'read', argument: 3 }],
    ['63 0x3 0x55d0 0x80 0x0 0x0 0x0 0x7ffd 0x7f4a\n', 'x64', undefined],
    ['270 0x1 0x7ffd 0x0 0x0 0x0 0x0 0x7ffd 0x7f4a\n', 'x64', { call: 'select', argument: 1 }],
    ['281 0xa 0x7ffd 0x400 0xffffffff 0x0 0x8 0x7ffd 0x7f4a\n', 'x64', { call: 'epoll', argument: 10 }],
    ['running\n', 'x64', undefined],
    ['-1 0x7ffd 0x7f4a\n', 'x64', undefined],
    ['', 'x64', undefined],
    ['0 0x0', 's390x', undefined],
  ];
  for (const [line, architecture, found] of cases) {
    it(`${architecture}: ${JSON.stringify(line)}`, () => assert.deepEqual(parseSyscall(line, architecture), found));
  }

  it('of an epoll, the descriptors that are to be read', () => {
    const info = [
      'pos:\t0\nflags:\t02000002\nmnt_id:\t15\n',
      'tfd:       11 events:       19 data:                b  pos:0 ino:1 sdev:1\n',
      'tfd:        3 events:        4 data:                3  pos:0 ino:1 sdev:1\n',
      'tfd:       12 events: 40000001 data:                c  pos:0 ino:1 sdev:1\n',
    ].join('');
    assert.deepEqual(polledBy(info), [11, 12]);
    assert.deepEqual(polledBy(''), []);
  });
});
