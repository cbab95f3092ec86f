/** Between the warden and its metrics process, which answers scrapes; the warden measures. */
import { RequestType, RequestType0 } from 'vscode-jsonrpc';

/** Of the text, as Prometheus names it. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';
/** To the metrics process. Answers when it listens on this port of 127.0.0.1. */
export const serveMetrics = new RequestType<{ readonly port: number }, null, void>('metrics/serve');
/** To the warden: everything that is measured, as it is now, in Prometheus' text format. */
export const metricsText = new RequestType0<string, void>('metrics/text');
