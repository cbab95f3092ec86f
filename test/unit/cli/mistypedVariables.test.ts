import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mistypedVariables } from '../../../src/cli/mistypedVariables.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('a variable that nothing reads', () => {
  it('is told where its name is nearly that of one that is read', () => {
    for (const [written, meant] of [
      ['TREE_WARDEN_MAX_TREE', 'TREE_WARDEN_MAX_TREES'],
      ['TREE_WARDEN_MAXTREES', 'TREE_WARDEN_MAX_TREES'],
      ['tree_warden_max_trees', 'TREE_WARDEN_MAX_TREES'],
      ['TREEWARDEN_TIME_LIMIT', 'TREE_WARDEN_TIME_LIMIT'],
      ['TREE_WARDEN_TIMELIMTI', 'TREE_WARDEN_TIME_LIMIT'],
      ['TREE_WARDEN_MAX_PROCESES', 'TREE_WARDEN_MAX_PROCESSES'],
      ['TREE_WARDEN_METRIC_PORT', 'TREE_WARDEN_METRICS_PORT'],
      ['TREE_WARDEN_LOG_MAX_FILE', 'TREE_WARDEN_LOG_MAX_FILES'],
      ['TREE_WARDEN_PROFILE', 'TREE_WARDEN_PROFILES'],
    ] as const)
      assert.deepEqual(mistypedVariables([written]), [
        `${written} is set, and nothing reads a variable of this name: did you mean ${meant}?`,
      ]);
  });

  it('is left alone where it is like none of them, or has a name of the user behind it', () => {
    const names = ['PATH', 'MAX_TREES', 'TREE_WARDEN_', 'TREE_WARDEN_COLOR', 'TREE_WARDEN_INPUT_TOKENS', 'TREE_WARDEN_SECRET_PROFILE'];
    assert.deepEqual(mistypedVariables([...names, `TREE_WARDEN_${'X'.repeat(100_000)}`, '']), []);
  });

  it('is none that the programs and tests of this project have', () => {
    const files = ['src', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
        /\.ts$/.test(name) ? join(root, folder, name) : [],
      ),
    );
    const own = files.filter((file) => !/mistypedVariables|guardianVariables/.test(file));
    const names = new Set(own.flatMap((file) => readFileSync(file, 'utf8').match(/\bTREE_WARDEN_[A-Z_]+(?<!_)/g) ?? []));
    assert.ok(names.has('TREE_WARDEN_TESTS') && names.size > 20, [...names].join());
    assert.deepEqual(mistypedVariables([...names]), []);
  });
});
