/** WebSockets of a model's server, at /upstream/MODEL/. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';

/** What came, and how it ended. */
class Conversation {
  readonly heard: string[] = [];
  readonly socket: WebSocket;
  isClosed = false;

  constructor(url: string, protocols: string[]) {
    this.socket = new WebSocket(url, protocols);
    this.socket.onmessage = ({ data }) => void this.heard.push(String(data));
    this.socket.onclose = () => {
      this.isClosed = true;
    };
  }

  async hears(count: number): Promise<readonly string[]> {
    await eventually('it is told', () => this.heard.length >= count);
    return this.heard;
  }
}

const address = (models: TestModels, path: string): string => `${models.gateway.url.replace('http', 'ws')}${path}`;
const keyOf = (models: TestModels): string => `openai-insecure-api-key.${models.gateway.token}`;

async function rawAnswer(models: TestModels, request: string): Promise<string> {
  const socket = connect(Number(new URL(models.gateway.url).port), '127.0.0.1');
  socket.write(request);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('a WebSocket', () => {
  it('is passed on both ways, and counts as a request that is being answered', async () => {
    await using models = await TestModels.start({ name: 'one', aliases: ['org/one'] });
    const conversation = new Conversation(address(models, '/upstream/org/one/talk?x=1'), ['realtime', keyOf(models)]);
    const [first = ''] = await conversation.hears(1);
    assert.deepEqual(JSON.parse(first), { url: '/talk?x=1', protocols: 'realtime' });
    for (const [at, text] of ['hello', 'ü', 'x'.repeat(100)].entries()) {
      conversation.socket.send(text);
      assert.equal((await conversation.hears(at + 2)).at(-1), text);
    }
    assert.equal((await models.model('one')).outstanding, 1);
    conversation.socket.close();
    await eventually('it is closed', () => conversation.isClosed);
    await models.until('one', ({ outstanding }) => outstanding === 0);
    assert.equal((await models.model('one')).statistics.failures, 0);
  });

  it('that its client leaves without a word is closed at the server', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const socket = connect(Number(new URL(models.gateway.url).port), '127.0.0.1');
    const head = [
      `Authorization: Bearer ${models.gateway.token}`,
      'Connection: Upgrade',
      'Upgrade: WebSocket',
      'Sec-WebSocket-Version: 13',
    ];
    socket.write(
      ['GET /upstream/one/ HTTP/1.1', 'Host: localhost', ...head, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''].join('\r\n'),
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await eventually('it is open', () => text.includes('"url":"/"'));
    assert.match(text, /^HTTP\/1\.1 101 .*sec-websocket-accept: /is);
    socket.destroy();
    await eventually('the server has seen it', () => existsSync(models.log) && readFileSync(models.log, 'utf8').includes('closed'));
    await models.until('one', ({ outstanding }) => outstanding === 0);
  });

  it('is ended by its server, and with its server', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const open = async (): Promise<Conversation> => {
      const conversation = new Conversation(address(models, '/upstream/one/'), ['realtime', keyOf(models)]);
      await conversation.hears(1);
      return conversation;
    };
    const ended = await open();
    ended.socket.send('bye');
    await eventually('it is closed', () => ended.isClosed);
    const broken = await open();
    await models.warden.client.unloadModel('one', true);
    await eventually('it is closed', () => broken.isClosed);
  });

  it('needs the token, a model, and a page that may ask', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const ask = (path: string, ...more: string[]): Promise<string> => {
      const head = [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      ];
      return rawAnswer(models, [`GET ${path} HTTP/1.1`, 'Host: localhost', ...head, ...more, '', ''].join('\r\n'));
    };
    const token = `Authorization: Bearer ${models.gateway.token}`;
    assert.match(await ask('/upstream/one/'), /^HTTP\/1\.1 401 /);
    assert.match(await ask('/upstream/one/', 'Sec-WebSocket-Protocol: openai-insecure-api-key.'), /^HTTP\/1\.1 401 /);
    assert.match(await ask('/upstream/one/', token, 'Origin: https://evil.example'), /^HTTP\/1\.1 403 /);
    assert.match(await ask('/upstream/two/', token), /^HTTP\/1\.1 404 .*There is no model 'two'/s);
    assert.match(await ask('/v1/chat/completions', token), /^HTTP\/1\.1 404 .*There is no WebSocket at/s);
    assert.match(await ask('/upstream/one/no', token), /^HTTP\/1\.1 404 .*no$/s);
  });

  it('is not what a client wants that would like to speak HTTP/2: it is answered as any other', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const body = JSON.stringify({ model: 'one', messages: [{ role: 'user', content: `say 2 ${'x'.repeat(100_000)}` }] });
    const lines = [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${models.gateway.token}`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      `Content-Length: ${body.length}`,
    ];
    const socket = connect(Number(new URL(models.gateway.url).port), '127.0.0.1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await eventually('it is answered', () => text.includes('one-1'));
    assert.match(text, /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});
