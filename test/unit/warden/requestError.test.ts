import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ResponseError } from 'vscode-jsonrpc';
import { RequestError } from '../../../src/warden/requestError.ts';

it('a refusal is known as one, and as an error of the protocol', () => {
  const error = new RequestError('superseded', 'It was stopped meanwhile.');
  assert.ok(error instanceof RequestError);
  assert.ok(error instanceof ResponseError);
  assert.ok(error instanceof Error);
});
