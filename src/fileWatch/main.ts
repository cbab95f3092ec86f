/**
 * The process that watches files. It reads folders and rules that any program may have written; the warden, which must not fail because of one, starts it where
 * a process that is watched runs, and acts on what it tells.
 *
 *   fileWatch.js
 */
import { createMessageConnection } from 'vscode-jsonrpc/node';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import * as messages from '../protocol/fileWatchHelper.ts';
import * as helper from '../protocol/helperProcess.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import { MessageReader } from '../protocol/messageReader.ts';
import { MessageWriter } from '../protocol/messageWriter.ts';
import { withData } from '../protocol/texts.ts';
import { FileWatches } from './fileWatches.ts';

keepDebuggerClosed();
// The warden is gone, however that came about.
process.stdin.on('close', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));

const connection = createMessageConnection(new MessageReader(process.stdin), new MessageWriter(process.stdout));
const watches = new FileWatches({
  onChanged: (changed) => void ifConnected(() => connection.sendNotification(messages.filesChanged, changed)),
  onWait: (name, activity) =>
    void ifConnected(() => connection.sendNotification(messages.changesWait, { name, ...(activity !== undefined && { activity }) })),
  onEnded: (name, isLoop, problem) =>
    void ifConnected(() =>
      connection.sendNotification(messages.watchEnded, { name, isLoop, problem: String(problem), ...withData('problemData', problem) }),
    ),
});
connection.onRequest(messages.watchFiles, (request) => {
  watches.set(request.watches);
  return null;
});
connection.onRequest(helper.ping, () => null);
connection.onRequest(helper.close, () => {
  watches.set([]);
  return null;
});
connection.onError(() => undefined);
connection.listen();
