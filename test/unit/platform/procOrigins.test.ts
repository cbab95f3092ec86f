import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCgroup, parseVariables } from '../../../src/platform/linux/procOrigins.ts';

describe('where a process comes from', () => {
  it('is in its environment, of which only what is asked for is kept', () => {
    const environment = 'PATH=/bin\0VSCODE_PID=12\0EMPTY=\0broken\0=odd\0VSCODE_PID2=13\0URL=a=b\0';
    assert.deepEqual(
      [...parseVariables(environment, ['VSCODE_PID', 'EMPTY', 'URL', 'MISSING'])],
      [
        ['VSCODE_PID', '12'],
        ['EMPTY', ''],
        ['URL', 'a=b'],
      ],
    );
    assert.equal(parseVariables('', ['PATH']).size, 0);
  });

  it('is its control group of version 2, or the one that systemd keeps in version 1', () => {
    const service = '/user.slice/user-1000.slice/user@1000.service/app.slice/web.service';
    assert.equal(parseCgroup(`0::${service}\n`), service);
    assert.equal(parseCgroup('9:name=systemd:/system.slice/web.service\n1:cpu:/\n0::/\n'), '/system.slice/web.service');
    assert.equal(parseCgroup('4:memory:/docker/1\n0::/\n'), '');
    assert.equal(parseCgroup(''), '');
  });
});
