/** What another user of this machine, who does not know the token, can do to the gateway; and what a client that knows it can by mistake. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { describe } from 'node:test';
import { Attacks, Connections } from '../support/attacks.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const portOf = (url: string): number => Number(new URL(url).port);
const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

/** What an authorised client gets meanwhile, each time by a connection of its own. */
async function serve({ ask }: { ask: () => Promise<Response> }, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const response = await ask();
    assert.equal(response.status, 200, await response.text());
  }
}

function clientOf(models: TestModels): { ask: () => Promise<Response> } {
  return { ask: () => models.ask('/v1/models', undefined, { connection: 'close' }) };
}

describe('the gateway', () => {
  const attacks = new Attacks('the gateway');

  attacks.add('idle connections without a token, where the warden may have 256 files open', 400, async () => {
    const warden = await TestWarden.start();
    const { pid } = warden.process;
    execFileSync('prlimit', ['--pid', String(pid), '--nofile=256:256']);
    await using models = await TestModels.of(warden, [fakeModel(warden, [], { name: 'one' })]);
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    const before = openFiles(pid);
    using connections = new Connections();
    await connections.open(portOf(models.gateway.url), 400);
    await serve(clientOf(models), 5);
    const during = openFiles(pid);
    assert.ok(during <= before + 64 + 10, `${before} files open before, ${during} during`);
    const server = (await warden.client.list()).flatMap(({ leader }) => leader?.pid ?? [])[0] ?? 0;
    assert.ok(isAlive(server));
    await warden.client.unloadModel('one', true);
    assert.ok(!isAlive(server));
    await eventually('they are closed', () => connections.living === 0);
    return `${before} files open before, ${during} during; clients are served, the model is unloaded; all closed by their deadline`;
  });

  attacks.add('connections opened one after the other while a client works', 3000, async () => {
    await using models = await TestModels.start();
    const port = portOf(models.gateway.url);
    let opened = 0;
    const flood = async (): Promise<void> => {
      for (; opened < 3000; opened += 50) {
        using connections = new Connections();
        await connections.open(port, 50);
      }
    };
    const flooding = flood();
    let answered = 0;
    for (; opened < 3000; answered++) await serve(clientOf(models), 1);
    await flooding;
    return `${answered} requests of the client, each by a connection of its own, were answered`;
  });

  attacks.add('heads that come a byte at a time', 50, async () => {
    await using models = await TestModels.start();
    using connections = new Connections();
    await connections.open(portOf(models.gateway.url), 50, 'GET /v1/models HTTP/1.1\r\nX-Slow: ');
    const timer = setInterval(() => connections.write('a'), 100);
    await eventually('they are closed', () => connections.living === 0).finally(() => clearInterval(timer));
    await serve(clientOf(models), 1);
    return 'closed by their deadline';
  });

  attacks.add('heads that come a byte at a time, behind a request with the token', 10, async () => {
    await using models = await TestModels.start();
    using connections = new Connections();
    const authorised = get('/v1/models', `Authorization: Bearer ${models.gateway.token}\r\n`);
    await connections.open(portOf(models.gateway.url), 10, `${authorised}GET /v1/models HTTP/1.1\r\nX-Slow: `);
    const timer = setInterval(() => connections.write('a'), 100);
    await eventually('they are closed', () => connections.living === 0).finally(() => clearInterval(timer));
    return 'closed by the deadline of a head';
  });

  attacks.add('connections that ask for what needs no token, again and again', 20, async () => {
    await using models = await TestModels.start();
    using connections = new Connections();
    await connections.open(portOf(models.gateway.url), 20);
    const timer = setInterval(() => connections.write(get('/health')), 100);
    await eventually('they are closed', () => connections.living === 0).finally(() => clearInterval(timer));
    return 'closed by their deadline';
  });

  attacks.add('a burst of an authorised client', 600, async () => {
    await using models = await TestModels.start();
    await Promise.all(Array.from({ length: 600 }, () => serve(clientOf(models), 1)));
    return 'all answered';
  });

  const wrong = [
    '',
    'Authorization: Bearer \r\n',
    'Authorization: Bearer undefined\r\n',
    'X-API-Key: \r\n',
    'Authorization: Bearer null\r\n',
  ];
  attacks.add('requests with an empty or wrong token, and to names that are none of loopback', wrong.length + 1, async () => {
    await using models = await TestModels.start();
    const port = portOf(models.gateway.url);
    for (const headers of wrong) assert.match(await answerOf(port, get('/v1/models', headers)), /^HTTP\/1\.1 401 .*Connection: close/s);
    const lured = `GET /health HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${models.gateway.token}\r\n\r\n`;
    assert.match(await answerOf(port, lured), /^HTTP\/1\.1 403 .*Connection: close/s);
    return 'all refused, and their connections closed';
  });
});

/** All that comes until the other side closes. */
async function answerOf(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
