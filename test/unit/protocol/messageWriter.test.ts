import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MessageReader } from '../../../src/protocol/messageReader.ts';
import { MessageWriter } from '../../../src/protocol/messageWriter.ts';
import { holdsFor } from '../../support/property.ts';

const message = (text: string): { readonly jsonrpc: string; readonly method: string; readonly params: string[] } => ({
  ...{ jsonrpc: '2.0', method: 'm', params: [text] },
});

describe('the writer of messages', () => {
  it('writes what the reader of the library reads, whole and in the order of the calls', async () => {
    await holdsFor(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }), async (texts) => {
      const stream = new PassThrough();
      const read: unknown[] = [];
      new MessageReader(stream).listen((one) => read.push(one));
      const writer = new MessageWriter(stream);
      await Promise.all(texts.map((text) => writer.write(message(text))));
      const ended = new Promise((resolve) => stream.on('close', resolve));
      writer.end();
      await ended;
      while (read.length < texts.length) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(read, JSON.parse(JSON.stringify(texts.map(message))));
    });
  });

  it('writes each by a single write', async () => {
    const chunks: string[] = [];
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        chunks.push(String(chunk));
        done();
      },
    });
    const writer = new MessageWriter(output);
    for (const text of ['a', 'ä']) await writer.write(message(text));
    assert.deepEqual(chunks, [
      'Content-Length: 45\r\n\r\n{"jsonrpc":"2.0","method":"m","params":["a"]}',
      'Content-Length: 46\r\n\r\n{"jsonrpc":"2.0","method":"m","params":["ä"]}',
    ]);
  });

  it('rejects and tells of what could not be written', async () => {
    const output = new Writable({ write: (_, __, done) => done(new Error('the disk is full')) });
    const writer = new MessageWriter(output);
    const told: unknown[] = [];
    writer.onError(([{ message: text }]) => told.push(text));
    await assert.rejects(writer.write(message('a')), { message: 'the disk is full' });
    assert.equal(told[0], 'the disk is full');
  });

  it('rejects what is no JSON, and goes on', async () => {
    const stream = new PassThrough();
    const writer = new MessageWriter(stream);
    const circular: Record<string, unknown> = { jsonrpc: '2.0' };
    circular['self'] = circular;
    await assert.rejects(writer.write(circular as never), TypeError);
    await writer.write(message('a'));
    assert.match(String(stream.read()), /"params":\["a"\]/);
  });
});
