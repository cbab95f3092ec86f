import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as vscode from 'vscode';
import { runKeyOf } from '../../../src/extension/runs/runKey.ts';
import { aTree } from '../../support/snapshots.ts';

const uri = (fsPath: string): vscode.Uri => ({ fsPath }) as vscode.Uri;
const declared = {
  ...{ name: 'api (app)', written: 'api', spec: { command: 'true' }, line: 0, root: uri('/app/.vscode/processes.json') },
  folder: { uri: uri('/app'), name: 'app', index: 0 },
};

describe('the runs of a process are kept', () => {
  it('under the processes.json of its folder, also where a file that it includes declares it', () => {
    for (const file of [declared.root, uri('/api/.vscode/processes.json'), uri('/app/.vscode/processes.local.json')])
      assert.deepEqual(runKeyOf({ declared: { ...declared, file }, tree: undefined }), {
        origin: '/app/.vscode/processes.json',
        name: 'api',
      });
  });

  it('under what its tree says', () => {
    const history = { origin: '/app#found', name: 'found' };
    assert.deepEqual(runKeyOf({ declared: undefined, tree: aTree({ history }) }), history);
    assert.equal(runKeyOf({ declared: undefined, tree: undefined }), undefined);
  });
});
