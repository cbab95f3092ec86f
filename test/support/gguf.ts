import { writeFileSync } from 'node:fs';
import { randomFrom } from './random.ts';

/** A model of a few hundred kilobytes with random weights: it says nothing, in a language of bytes, but it is computed as any other is. */
const shape = { vocabulary: 3 + 256, context: 512, width: 64, layers: 2, heads: 4, hidden: 128 } as const;

/** Value types of the format (GGUF, version 3, little-endian: docs/gguf.md of ggml). */
const type = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;
const ggmlTypeF32 = 0;
const alignment = 32;
/** Kinds of tokens. */
const kind = { unknown: 2, control: 3, byte: 6 } as const;

/** Writes a LLaMA-shaped model to `path`, the same one for the same seed. */
export function writeTinyModel(path: string, seed = 1): void {
  const random = randomFrom(seed);
  const tensors = tensorShapes().map(({ name, dimensions, value }) => {
    const data = Buffer.alloc(dimensions.reduce((product, size) => product * size, 4));
    for (let at = 0; at < data.length; at += 4) data.writeFloatLE(value ?? (random() - 0.5) * 0.4, at);
    return { name, dimensions, data };
  });
  const metadata = metadataOf();
  const head: Buffer[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(metadata.length), ...metadata];
  let offset = 0;
  for (const { name, dimensions, data } of tensors) {
    head.push(text(name), uint32(dimensions.length), ...dimensions.map(uint64), uint32(ggmlTypeF32), uint64(offset));
    offset += padded(data.length);
  }
  const header = Buffer.concat(head);
  const body = tensors.map(({ data }) => Buffer.concat([data], padded(data.length)));
  writeFileSync(path, Buffer.concat([Buffer.concat([header], padded(header.length)), ...body]));
}

function tensorShapes(): { readonly name: string; readonly dimensions: readonly number[]; readonly value?: number }[] {
  const { vocabulary, width, layers, hidden } = shape;
  const layer = (number: number) => [
    { name: `blk.${number}.attn_norm.weight`, dimensions: [width], value: 1 },
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) => ({ name: `blk.${number}.${name}.weight`, dimensions: [width, width] })),
    { name: `blk.${number}.ffn_norm.weight`, dimensions: [width], value: 1 },
    { name: `blk.${number}.ffn_gate.weight`, dimensions: [width, hidden] },
    { name: `blk.${number}.ffn_up.weight`, dimensions: [width, hidden] },
    { name: `blk.${number}.ffn_down.weight`, dimensions: [hidden, width] },
  ];
  return [
    { name: 'token_embd.weight', dimensions: [width, vocabulary] },
    ...Array.from({ length: layers }, (_, number) => layer(number)).flat(),
    { name: 'output_norm.weight', dimensions: [width], value: 1 },
    { name: 'output.weight', dimensions: [width, vocabulary] },
  ];
}

function metadataOf(): Buffer[] {
  const { context, width, layers, heads, hidden } = shape;
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const tokens = ['<unk>', '<s>', '</s>', ...bytes];
  const kinds = [kind.unknown, kind.control, kind.control, ...bytes.map(() => kind.byte)];
  return [
    entry('general.architecture', type.string, text('llama')),
    entry('general.name', type.string, text('tiny')),
    entry('llama.context_length', type.uint32, uint32(context)),
    entry('llama.embedding_length', type.uint32, uint32(width)),
    entry('llama.block_count', type.uint32, uint32(layers)),
    entry('llama.feed_forward_length', type.uint32, uint32(hidden)),
    entry('llama.attention.head_count', type.uint32, uint32(heads)),
    entry('llama.attention.head_count_kv', type.uint32, uint32(heads)),
    entry('llama.attention.layer_norm_rms_epsilon', type.float32, float32(1e-5)),
    entry('llama.rope.dimension_count', type.uint32, uint32(width / heads)),
    entry('tokenizer.ggml.model', type.string, text('llama')),
    entry('tokenizer.ggml.tokens', type.array, list(type.string, tokens.map(text))),
    entry(
      'tokenizer.ggml.scores',
      type.array,
      list(
        type.float32,
        tokens.map((_, index) => float32(-index)),
      ),
    ),
    entry('tokenizer.ggml.token_type', type.array, list(type.int32, kinds.map(uint32))),
    entry('tokenizer.ggml.unknown_token_id', type.uint32, uint32(0)),
    entry('tokenizer.ggml.bos_token_id', type.uint32, uint32(1)),
    entry('tokenizer.ggml.eos_token_id', type.uint32, uint32(2)),
  ];
}

function entry(key: string, valueType: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), uint32(valueType), value]);
}

function list(valueType: number, values: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(valueType), uint64(values.length), ...values]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}
