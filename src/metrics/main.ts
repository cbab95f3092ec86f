/**
 * The metrics process: reads scrapes of any client on this machine. The warden, which must not be held up by one, starts it where a port is set, and
 * answers with what it measures.
 *
 *   metrics.js
 */
import { createMessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorCodes } from '../protocol/errorCodes.ts';
import { errorText } from '../protocol/errors.ts';
import * as helper from '../protocol/helperProcess.ts';
import { MessageReader } from '../protocol/messageReader.ts';
import { MessageWriter } from '../protocol/messageWriter.ts';
import * as messages from '../protocol/metrics.ts';
import { MetricsPage } from './metricsPage.ts';

keepDebuggerClosed();
// The warden is gone, however that came about.
process.stdin.on('close', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));

const connection = createMessageConnection(new MessageReader(process.stdin), new MessageWriter(process.stdout));
const page = new MetricsPage(() => connection.sendRequest(messages.metricsText));
connection.onRequest(messages.serveMetrics, async ({ port }) => {
  try {
    await page.listen(port);
  } catch (error) {
    throw new ResponseError(errorCodes.notPossible, errorText(error));
  }
  return null;
});
connection.onRequest(helper.ping, () => null);
connection.onRequest(helper.close, () => {
  page.close();
  return null;
});
connection.onError(() => undefined);
connection.listen();
