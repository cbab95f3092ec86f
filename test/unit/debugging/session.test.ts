/** What listens where an inspector should may be anything: nothing of it is believed, waited for, or read without an end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { writeCpuProfile } from '../../../src/debugging/cpuProfile.ts';
import { ProfileStore } from '../../../src/debugging/profileStore.ts';
import { InspectorSession } from '../../../src/debugging/session.ts';
import { askInspector } from '../../../src/debugging/targets.ts';

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a port that may be an inspector’s', () => {
  const id = 'a-b-c';
  const list = JSON.stringify([{ type: 'node', id }]);
  for (const [title, listener, expected] of [
    ['an inspector', (_request, response) => response.end(list), id],
    ['another status', (_request, response) => response.writeHead(404).end(list), undefined],
    ['an answer without an end', (_request, response) => setInterval(() => response.write(' '.repeat(10_000)), 1).unref(), undefined],
    ['an answer that is cut', (_request, response) => response.write(list, () => response.destroy()), undefined],
    ['no answer', () => undefined, undefined],
  ] as readonly (readonly [string, RequestListener, string | undefined])[])
    it(`gives ${title === 'an inspector' ? 'its id' : `nothing for ${title}`}`, async () => {
      const server = createServer(listener);
      try {
        assert.equal(await askInspector('127.0.0.1', await listening(server)), expected);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });

  it('gives nothing where there is none', async () => assert.equal(await askInspector('127.0.0.1', 1), undefined));
});

describe('a connection to an inspector', () => {
  /** Answers each request with what `answer` makes of it. */
  async function withInspector(
    answer: (request: { readonly id: number; readonly method: string }, socket: WebSocket) => void,
    use: (session: InspectorSession, port: number) => Promise<void>,
  ): Promise<void> {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => answer(JSON.parse(String(data)), socket)));
    const port = await listening(server);
    try {
      using session = await InspectorSession.open({ host: '127.0.0.1', port, id: 'x', wasOpened: false });
      await use(session, port);
    } finally {
      for (const client of sockets.clients) client.terminate();
      server.close();
    }
  }
  const send = (socket: WebSocket, message: object): void => socket.send(JSON.stringify(message));

  it('gives answers and events to those that they are for, whatever comes between', async () => {
    await withInspector(
      ({ id, method }, socket) => {
        for (const junk of ['', 'null', '[]', '{"id":99,"result":1}', '{"method":"Other.event"}']) socket.send(junk);
        send(socket, { method: 'An.event', params: { value: 5 } });
        send(socket, { id, result: { method } });
      },
      async (session) => {
        const events: unknown[] = [];
        session.on('An.event', (params) => events.push(params));
        assert.deepEqual(await Promise.all([session.ask('A.b'), session.ask('C.d')]), [{ method: 'A.b' }, { method: 'C.d' }]);
        assert.deepEqual(events, [{ value: 5 }, { value: 5 }]);
      },
    );
  });

  it('rejects what is refused, what takes too long, and all that waits when it is closed', async () => {
    await withInspector(
      ({ id, method }, socket) => {
        if (method === 'refuse') send(socket, { id, error: { message: 'not now' } });
        if (method === 'close') socket.terminate();
      },
      async (session) => {
        await assert.rejects(session.ask('refuse'), { message: 'The inspector has refused: not now.' });
        await assert.rejects(session.ask('silence', {}, 50), { message: 'The inspector has not answered silence in 0.05 s.' });
        const waiting = session.ask('silence');
        await Promise.all([
          assert.rejects(waiting, { message: 'The process has ended, or its inspector was closed.' }),
          assert.rejects(session.ask('close')),
        ]);
        await assert.rejects(session.ask('after'));
      },
    );
  });

  it('is said to be none where no WebSocket answers', async () => {
    const server = createServer((_request, response) => response.end());
    const port = await listening(server);
    await assert.rejects(InspectorSession.open({ host: '127.0.0.1', port, id: 'x', wasOpened: false }), {
      message: new RegExp(`^The inspector at 127\\.0\\.0\\.1:${port} could not be reached: `),
    });
    server.closeAllConnections();
    server.close();
  });

  it('writes no profile where there is none', async () => {
    const answer = ({ id }: { readonly id: number }, socket: WebSocket): void => send(socket, { id, result: {} });
    await withInspector(answer, async (_session, port) => {
      const inspector = { host: '127.0.0.1', port, id: 'x', wasOpened: false };
      await assert.rejects(writeCpuProfile(inspector, '/no/such/file', 1), { message: 'The inspector has answered without a profile.' });
    });
  });
});

describe('the profiles that are kept', () => {
  it('are the last ones of each kind, in a folder of this user alone', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'tw-profiles-')), 'profiles');
    try {
      const store = new ProfileStore(folder);
      for (let index = 0; index < 30; index++) {
        const file = await store.newFile(`api${index}`, 1, 'cpuprofile');
        writeFileSync(file, '');
        utimesSync(file, index, index);
      }
      for (let index = 0; index < 5; index++) writeFileSync(await store.newFile(`heap${index}`, 1, 'heapsnapshot'), '');
      const names = readdirSync(folder);
      const profiles = names.filter((name) => name.endsWith('.cpuprofile'));
      assert.equal(profiles.length, 20);
      assert.ok(profiles.every((name) => Number(name.match(/^api(\d+)-/)?.[1]) >= 10));
      assert.equal(names.length, 23);
      assert.equal(statSync(folder).mode & 0o777, 0o700);
    } finally {
      rmSync(join(folder, '..'), { recursive: true });
    }
  });
});
