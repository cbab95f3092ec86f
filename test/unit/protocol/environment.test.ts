import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  changedEnvironment,
  memberEnvironment,
  wardenEnvironment,
  withoutEditor,
  withoutSecret,
} from '../../../src/protocol/environment.ts';

const editor = {
  PATH: '/bin',
  NODE_OPTIONS: '--require ./trace.js',
  ELECTRON_RUN_AS_NODE: '1',
  ELECTRON_NO_ATTACH_CONSOLE: '1',
  VSCODE_IPC_HOOK: '/tmp/x.sock',
  VSCODE_PORTABLE: '/opt/code',
  TREE_WARDEN_TOKEN: 'secret',
  ABSENT: undefined,
};

describe('the environment', () => {
  it('of a tree of the editor has nothing that the editor has set for itself', () => {
    const warden = wardenEnvironment(withoutEditor(editor));
    assert.deepEqual(warden, {
      PATH: '/bin',
      VSCODE_PORTABLE: '/opt/code',
      TREE_WARDEN_ASIDE_NODE_OPTIONS: '--require ./trace.js',
      ELECTRON_RUN_AS_NODE: '1',
    });
    assert.deepEqual(memberEnvironment(warden), { PATH: '/bin', VSCODE_PORTABLE: '/opt/code', NODE_OPTIONS: '--require ./trace.js' });
  });

  it('of a tree of a terminal is the terminal’s, without the key', () => {
    const { ABSENT: _absent, TREE_WARDEN_TOKEN: _token, ...expected } = editor;
    assert.deepEqual(memberEnvironment(wardenEnvironment(editor)), expected);
    assert.deepEqual(withoutSecret(editor), expected);
  });

  it('of a tree never has the key, even where its warden had been given it', () => {
    assert.deepEqual(memberEnvironment({ PATH: '/bin', TREE_WARDEN_TOKEN: 'a secret key' }), { PATH: '/bin' });
  });

  it('is the same however often it is handed on', () => {
    const once = wardenEnvironment(editor);
    assert.deepEqual(memberEnvironment(wardenEnvironment(memberEnvironment(once))), memberEnvironment(once));
    assert.deepEqual(
      memberEnvironment(wardenEnvironment({ ...editor, TREE_WARDEN_ASIDE_NODE_OPTIONS: 'of another' })),
      memberEnvironment(once),
    );
  });

  const changes: [string, boolean, Record<string, string>, Record<string, string | null>, Record<string, string>][] = [
    ['is replaced and taken away by name', false, { A: '1', B: '2' }, { A: '3', B: null, C: '' }, { A: '3', C: '' }],
    ['is another one in another case', false, { Path: 'a' }, { PATH: 'b' }, { Path: 'a', PATH: 'b' }],
    ['of Windows is one variable in any case', true, { Path: 'a', x: '1' }, { PATH: 'b', path: 'c', X: null }, { Path: 'c' }],
    ['of Windows is one variable, also when it is named twice', true, { Path: 'a', PATH: 'b' }, {}, { Path: 'b' }],
    [
      'may be called as every object’s own',
      true,
      { constructor: 'a' },
      { toString: 'b', CONSTRUCTOR: 'c' },
      { constructor: 'c', toString: 'b' },
    ],
  ];
  for (const [what, ignoresCase, base, change, expected] of changes)
    it(`${what}: ${JSON.stringify(change)}`, () => {
      const env = changedEnvironment(base, change, ignoresCase);
      assert.deepEqual({ ...env }, expected);
    });

  it('says nothing of what was not there', () => {
    assert.deepEqual(memberEnvironment(wardenEnvironment({ PATH: '/bin' })), { PATH: '/bin' });
  });
});
