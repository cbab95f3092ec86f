import { Pool } from 'undici';

/** Connections to one server of ours, kept while they are of use, as many as there are requests. No answer is too long in coming: a model may take its time. */
export function connectionsTo(port: number): Pool {
  return new Pool(`http://127.0.0.1:${port}`, { connections: null, headersTimeout: 0, bodyTimeout: 0 });
}
