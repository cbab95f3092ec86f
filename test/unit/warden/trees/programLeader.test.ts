import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadLibc, NativeLibraryError } from '../../../../src/platform/linux/libc.ts';
import { LinuxPrograms } from '../../../../src/platform/linux/linuxPrograms.ts';
import { LogFile } from '../../../../src/warden/output/logFile.ts';
import { TreeOutput } from '../../../../src/warden/output/treeOutput.ts';
import type { LaunchPlan } from '../../../../src/warden/trees/launch.ts';
import { spawnProgram } from '../../../../src/warden/trees/programLeader.ts';
import { eventually } from '../../../support/run.ts';

const libc = process.platform === 'linux' ? await loadLibc() : undefined;
const calls = libc === undefined || libc instanceof NativeLibraryError ? undefined : libc.posixSpawn;
const rotation = { maxBytes: 1e9, maxFiles: 1 };

describe('a program on pipes', { skip: calls === undefined }, () => {
  it('prints the same into its log whether it prints much or little at once, and its pipe grows when it is full', async () => {
    if (calls === undefined || libc === undefined || libc instanceof NativeLibraryError) return;
    const folder = mkdtempSync(join(tmpdir(), 'tw-program-'));
    try {
      const block = randomBytes(3_000_001);
      writeFileSync(join(folder, 'block'), block);
      const path = join(folder, 'log');
      const log = new LogFile(path, assert.fail, rotation);
      const output = new TreeOutput(log, false, rotation);
      const grown: number[] = [];
      const programs = new LinuxPrograms(
        { ...calls, setPipeSize: (fd, bytes) => grown.push(bytes) > 0 && calls.setPipeSize(fd, bytes) },
        libc,
      );
      // Large writes, small ones, lines, and large ones again.
      const script = 'cat block; dd if=block bs=700 count=2000 status=none; for n in 1 2 3 4 5 6 7 8 9; do echo $n; done; cat block';
      const plan: LaunchPlan = {
        ...{ file: '/bin/sh', argv0: 'sh', args: ['-c', script], cwd: folder, wrappers: [], stdio: 'pipes' },
        env: { PATH: process.env['PATH'] ?? '' },
      };
      let hasEnded = false;
      const leader = spawnProgram(programs, plan, (spawn) => spawn(), {
        onChild: () => undefined,
        onExit: () => undefined,
        onOutput: (chunk) => output.write(chunk),
        onOutputEnd: () => {
          hasEnded = true;
        },
      });
      output.attach(leader);
      await eventually('it has printed all', () => hasEnded, 60_000);
      output.finish();
      await log.close();
      const expected = Buffer.concat([block, block.subarray(0, 700 * 2000), Buffer.from('1\n2\n3\n4\n5\n6\n7\n8\n9\n'), block]);
      assert.ok(readFileSync(path).equals(expected));
      assert.equal(output.tail(1000), expected.subarray(-1000).toString());
      assert.equal(grown[0], 128 * 1024);
      assert.deepEqual(
        grown,
        [...new Set(grown)].toSorted((a, b) => a - b),
      );
      assert.ok(grown.every((bytes) => bytes <= 512 * 1024));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
