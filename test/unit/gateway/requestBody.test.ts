import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../src/gateway/gatewayError.ts';
import { parseBody } from '../../../src/gateway/requestBody.ts';
import type { RequestChanges } from '../../../src/protocol/modelFacts.ts';
import { assertWithin, cpuMillisOf, mutationsOf, textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';

const json = 'application/json';
const renamed = (text: string, name = 'up"stream'): string => parseBody(Buffer.from(text), json).bytes(name).toString();

const refusedWith =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof GatewayError && error.status === 400 && message.test(error.message);

describe('the model of a JSON request', () => {
  const to = '"up\\"stream"';
  const cases: [string, string, string][] = [
    [
      'numbers stay',
      '{"model":"a","seed":9007199254740993,"x":1e400,"y":1.0,"z":-0}',
      `{"model":${to},"seed":9007199254740993,"x":1e400,"y":1.0,"z":-0}`,
    ],
    ['white space stays', '{ "model" :\t"a"  ,\r\n "b" : 1 }\n', `{ "model" :\t${to}  ,\r\n "b" : 1 }\n`],
    ['it is the last', '{"b":[1,{"model":"c"}],"model":"a" }', `{"b":[1,{"model":"c"}],"model":${to} }`],
    [
      'deeper ones stay',
      '{"tools":[{"model":"x"}],"o":{"model":"y"},"model":"a"}',
      `{"tools":[{"model":"x"}],"o":{"model":"y"},"model":${to}}`,
    ],
    ['all that are there twice', '{"model":"b","x":1,"model":"a"}', `{"model":${to},"x":1,"model":${to}}`],
    ['one that was something else', '{"model":[{"model":1}],"model":"a"}', `{"model":${to},"model":${to}}`],
    ['a key with escapes', '{"mod\\u0065l":"a"}', `{"mod\\u0065l":${to}}`],
    ['a value that looks like the key', '{"x":"model","y":"\\"model\\":1","model":"a"}', `{"x":"model","y":"\\"model\\":1","model":${to}}`],
    ['a name with escapes', '{"model":"a\\\\\\"\\u00e9","x":"\\\\"}', `{"model":${to},"x":"\\\\"}`],
    ['letters of any kind', '{"é":"日本\u{1f600}","model":"ä"}', `{"é":"日本\u{1f600}","model":${to}}`],
    ['a mark of byte order', '\uFEFF{"model":"a"}', `\uFEFF{"model":${to}}`],
    ['a long string with quotes', `{"x":"${'\\"\\\\'.repeat(50)}","model":"a"}`, `{"x":"${'\\"\\\\'.repeat(50)}","model":${to}}`],
    ['none', '{"x":{"model":"a"}}', '{"x":{"model":"a"}}'],
  ];
  for (const [what, before, after] of cases) it(`is renamed, and nothing else: ${what}`, () => assert.equal(renamed(before), after));

  it('leaves bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('","model":"a"}')]);
    const expected = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('","model":"b"}')]);
    assert.deepEqual(parseBody(bytes, json).bytes('b'), expected);
  });

  it('leaves all bytes where the server knows it by the same name', () => {
    const bytes = Buffer.from('{"model" : "a"}');
    assert.equal(parseBody(bytes, json).bytes('a'), bytes);
  });

  const refused: [string, string, RegExp][] = [
    ['nested too deep', `{"model":"a","x":${'['.repeat(300)}${']'.repeat(300)}}`, /nested deeper than 256 levels/],
    ['of brackets only', '['.repeat(1_000_000), /nested deeper/],
    ['of braces only', '{"a":'.repeat(200_000), /nested deeper/],
    ['cut off', '{"model":"a"', /not valid JSON/],
    ['an array', '["model"]', /not a JSON object/],
    ['nothing', '', /not valid JSON/],
    ['with its model again and again', `{"x":1${',"model":"a"'.repeat(1001)}}`, /names its model more than 1000 times/],
    ['with a number as its model', '{"model":1}', /is a text/],
  ];
  for (const [what, text, message] of refused)
    it(`is refused: ${what}`, () => assert.throws(() => parseBody(Buffer.from(text), json), refusedWith(message)));

  it('may be nested as deep as anything is, and has a conversation', () => {
    const nested = `${'['.repeat(200)}${']'.repeat(200)}`;
    const body = parseBody(Buffer.from(`{"model":"a","messages":[{"role":"user","content":${nested}}]}`), json);
    assert.match(body.conversation() ?? '', /^\[null,\[\{"role":"user"/);
  });

  /** A text as a client may write it, with the place where each model stands. */
  const space = fc.constantFrom('', ' ', '\n', '\t \r\n');
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }).map((any) => JSON.stringify(any)),
    fc.constantFrom('9007199254740993', '1e400', '1.0', '"\\u0022model\\u0022"', '{"model":"deep"}'),
  );
  const key = fc.oneof(
    fc.string({ unit: 'binary' }).map((any) => JSON.stringify(any)),
    fc.constantFrom('"model"', '"mo\\u0064el"', '"stream"'),
  );
  const entries = fc.array(fc.tuple(key, value, space, space, space), { maxLength: 12 });

  it('is renamed, and nothing else, in any text', async () => {
    await holdsFor(entries, (list) => {
      const write = (model: string | undefined): string =>
        `{${[...list, ['"model"', '"a"', ' ', '', '\n'] as const]
          .map(([name, text, one, two, three]) => {
            const isModel = model !== undefined && JSON.parse(name) === 'model';
            return `${one}${name}${two}:${three}${isModel ? model : text}${one}`;
          })
          .join(',')}}`;
      assert.equal(renamed(write(undefined)), write(to));
    });
  });

  const pieces = ['{', '}', '[', ']', '"', ':', ',', '\\', '\\"', '"model"', '"model":"a"', ' ', '1e400', 'null', '\\u0065'];
  it('is read or refused in little time, whatever it is', async () => {
    await holdsFor(
      fc.oneof(textOf(pieces), mutationsOf('{"model":"a","messages":[{"role":"user","content":"x"}],"stream":true}', pieces)),
      (text) => assertWithin(100, text.slice(0, 200), () => readOrRefuse(Buffer.from(text), json)),
    );
  });

  for (const piece of ['"', '\\', '\\"', '"\\', '{"model":"a"}', '{"a":"b",', '"model":', ' ', '['])
    it(`takes time as its length does: ${piece}`, () => assertLinear((times) => Buffer.from(`{"x":"${piece.repeat(times)}`), json));
});

describe('the model of a form', () => {
  const boundary = '----x-boundary';
  const type = `multipart/form-data; boundary=${boundary}`;
  const part = (head: string, body: string): string => `--${boundary}\r\n${head}\r\n\r\n${body}\r\n`;
  const named = (name: string, more = ''): string => `Content-Disposition: form-data; name="${name}"${more}`;
  const form = (...parts: string[]): string => `${parts.join('')}--${boundary}--\r\n`;
  const sound = part(named('file', '; filename="a; name=\\"model\\".wav"'), `\0\r\n--${boundary}x\r\n--\r\nmodel\r\n`);

  const cases: [string, string, string][] = [
    ['first', form(part(named('model'), 'a'), sound), form(part(named('model'), 'b'), sound)],
    ['last', form(sound, part(named('model'), 'a')), form(sound, part(named('model'), 'b'))],
    ['twice', form(part(named('model'), 'a'), part(named('model'), 'c')), form(part(named('model'), 'b'), part(named('model'), 'b'))],
    [
      'without quotes',
      form(part('content-disposition:form-data;name=model', 'a')),
      form(part('content-disposition:form-data;name=model', 'b')),
    ],
    [
      'with more headers',
      form(part(`Content-Type: text/plain\r\n${named('model')}`, 'a')),
      form(part(`Content-Type: text/plain\r\n${named('model')}`, 'b')),
    ],
    ['behind a preamble', `hello\r\n${form(part(named('model'), 'a'))}bye`, `hello\r\n${form(part(named('model'), 'b'))}bye`],
    [
      'with white space behind a boundary',
      form(part(named('model'), 'a')).replace(boundary, `${boundary} \t`),
      form(part(named('model'), 'b')).replace(boundary, `${boundary} \t`),
    ],
    ['not there', form(sound), form(sound)],
  ];
  for (const [what, before, after] of cases)
    it(`is renamed, and nothing else: ${what}`, () => assert.equal(parseBody(Buffer.from(before), type).bytes('b').toString(), after));

  it('is read as it is written', () => {
    const body = parseBody(Buffer.from(form(sound, part(named('stream'), 'true'), part(named('model'), 'whisper ü'))), type);
    assert.deepEqual([body.model, body.isStream], ['whisper ü', true]);
  });

  it('is what the platform’s own forms say', async () => {
    const data = new FormData();
    data.set('file', new Blob([new Uint8Array([0, 13, 10, 45, 45])]), 'ü".wav');
    data.set('model', 'a');
    const response = new Response(data);
    const body = parseBody(Buffer.from(await response.clone().arrayBuffer()), response.headers.get('content-type') ?? '');
    assert.equal(body.model, 'a');
    const sent = await new Response(new Uint8Array(body.bytes('b')), { headers: response.headers }).formData();
    assert.deepEqual(
      [sent.get('model'), await (sent.get('file') as File).arrayBuffer()],
      ['b', await (data.get('file') as File).arrayBuffer()],
    );
  });

  const refused: [string, string, string, RegExp][] = [
    ['without a boundary', form(part(named('model'), 'a')), 'multipart/form-data', /no boundary/],
    ['cut off', form(part(named('model'), 'a')).slice(0, -8), type, /does not end with its boundary/],
    ['empty', '', type, /does not end with its boundary/],
    ['with too many parts', form(part(named('x'), '').repeat(1001)), type, /more than 1000 parts/],
    ['with a long head', form(part(`X: ${'x'.repeat(20_000)}`, 'a')), type, /head/],
    ['with a long model', form(part(named('model'), 'a'.repeat(2000))), type, /more than 1024 bytes/],
  ];
  for (const [what, text, contentType, message] of refused)
    it(`is refused: ${what}`, () => assert.throws(() => parseBody(Buffer.from(text), contentType), refusedWith(message)));

  const pieces = [
    `--${boundary}`,
    `\r\n--${boundary}`,
    '--',
    '\r\n',
    '\r\n\r\n',
    named('model'),
    '; name="',
    '"',
    '\\',
    ';',
    '=',
    'filename=x',
    ' ',
  ];
  it('is read or refused in little time, whatever it is', async () => {
    await holdsFor(fc.oneof(textOf(pieces), mutationsOf(form(part(named('model'), 'a'), sound), pieces)), (text) =>
      assertWithin(100, text.slice(0, 200), () => readOrRefuse(Buffer.from(text), type)),
    );
  });

  for (const piece of [`\r\n--${boundary}`, `\r\n--${boundary} `, '\r\n\r\n', '; name="', '-', ';', ' '])
    it(`takes time as its length does: ${JSON.stringify(piece)}`, () =>
      assertLinear((times) => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data${piece.repeat(times)}`), type));
});

function readOrRefuse(bytes: Buffer, type: string): void {
  try {
    parseBody(bytes, type).bytes('other');
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.status === 400, String(error));
  }
}

/** Ten times as much takes some ten times as long: far from a hundred times. */
function assertLinear(make: (times: number) => Buffer, type: string): void {
  const [small, large] = [make(20_000), make(200_000)];
  const read =
    (bytes: Buffer): (() => void) =>
    () =>
      readOrRefuse(bytes, type);
  cpuMillisOf(read(small));
  const least = Math.min(...[1, 2, 3].map(() => cpuMillisOf(read(small))));
  assertWithin(Math.max(50, least * 30), `${large.length} bytes after ${least} ms for a tenth`, read(large));
}

describe('changes of a JSON request', () => {
  const changed = (text: string, ...changes: readonly RequestChanges[]): string =>
    parseBody(Buffer.from(text), json).bytes('b', changes).toString();
  const cases: [string, string, RequestChanges, string][] = [
    ['a field is added', '{"model":"a","x":1}', { set: { temperature: 0.2 } }, '{"model":"b","x":1,"temperature":0.2}'],
    ['a field is replaced', '{"temperature" : 1, "model":"a"}', { set: { temperature: 0 } }, '{"model":"b","temperature":0}'],
    ['a field is taken out', '{"model":"a","user":{"id":[1,{"x":"}"}]},"y":2}', { strip: ['user'] }, '{"model":"b","y":2}'],
    ['the last one', '{"model":"a","user":"x" }', { strip: ['user'] }, '{"model":"b"}'],
    ['one that is not there', '{"model":"a"}', { strip: ['user'] }, '{"model":"b"}'],
    ['one that is there twice', '{"n":1,"model":"a","n":2}', { strip: ['n'] }, '{"model":"b"}'],
    ['one whose name is written with escapes', '{"us\\u0065r":1,"model":"a"}', { strip: ['user'] }, '{"model":"b"}'],
    ['deeper ones stay', '{"model":"a","o":{"user":1}}', { strip: ['user'] }, '{"model":"b","o":{"user":1}}'],
    [
      'numbers of others stay',
      '{"seed":9007199254740993,"x":1e400,"model":"a"}',
      { set: { y: 1 } },
      '{"seed":9007199254740993,"x":1e400,"model":"b","y":1}',
    ],
    [
      'a name that is no plain one',
      '{"model":"a"}',
      { set: { 'a"b': { __proto__: null, c: [null] } } },
      '{"model":"b","a\\"b":{"c":[null]}}',
    ],
    ['a mark of byte order goes', '\uFEFF{"model":"a"}', { set: { x: 1 } }, '{"model":"b","x":1}'],
  ];
  for (const [what, before, changes, after] of cases)
    it(`are made, and nothing else: ${what}`, () => assert.equal(changed(before, changes), after));

  it('of a variant come behind those of the model', () => {
    assert.equal(changed('{"model":"a"}', { set: { x: 1, y: 1 } }, { set: { x: 2 }, strip: ['y'] }), '{"model":"b","x":2}');
  });

  it('are those of the object that was parsed, whatever it is', async () => {
    // Without escapes: V8 13.6 mixes up keys such as '"' and '\\' of one object (JSON.parse, not what is tested).
    const name = fc.constantFrom('a', 'b', 'c', 'é', '{', ',', 'x y');
    const object = fc.dictionary(name, fc.jsonValue());
    const inputs = fc.tuple(object, object, fc.array(name), fc.constantFrom(undefined, 2));
    await holdsFor(inputs, ([body, set, strip, indent]) => {
      const text = JSON.stringify({ ...body, model: 'a' }, null, indent);
      const expected: Record<string, unknown> = { ...(JSON.parse(text) as object), model: 'b' };
      for (const one of strip) delete expected[one];
      assert.deepEqual(JSON.parse(changed(text, { set, strip })), JSON.parse(JSON.stringify({ ...expected, ...set })));
    });
  });

  it('take no more memory than the request does, however many fields it has', () => {
    const program = `
      import { parseBody } from ${JSON.stringify(new URL('../../../src/gateway/requestBody.ts', import.meta.url).href)};
      const bytes = Buffer.concat([Buffer.from('{"model":"a"'), Buffer.alloc(6_000_000, ',"n":1'), Buffer.from('}')]);
      process.stdout.write(String(parseBody(bytes, 'application/json').bytes('a', [{ set: { x: 1 } }]).length - bytes.length));`;
    const args = ['--max-old-space-size=48', '--input-type=module', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(stdout, String(',"x":1'.length), stderr);
  });
});
