import type { KeptText } from '../../protocol/keptText.ts';
import { type KeptBodies, maxKeptBodies, maxKeptLength } from '../../protocol/requestBodies.ts';
import { ownText } from '../ownText.ts';
import { maskedText } from './maskedText.ts';

/** Of requests: an image in it is shortened, and what stands behind it can be kept. Of answers, which are kept until they have ended; in bytes. */
const scanned = { request: 2 ** 20, answer: 2 ** 18 } as const;

/** What is kept of a request before it is known which one it is. */
export interface KeptRequest {
  readonly contentType: string;
  readonly request: KeptText;
}

interface Kept {
  readonly bodies: KeptBodies;
  /** The beginning of the answer, while it comes. */
  chunks: Buffer[];
  length: number;
}

/** Hears an answer as it comes. */
export interface AnswerTap {
  add(chunk: Buffer): void;
  ended(): void;
}

/** What the last requests and their answers have said, where that is switched on. */
export class BodyLog {
  readonly #kept = new Map<number, Kept>();
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Switched off, nothing is left. */
  switch(isOn: boolean): void {
    this.#isOn = isOn;
    if (!isOn) this.#kept.clear();
  }

  /** Undefined where nothing is to be kept. What comes in a form is sound or an image. */
  take(bytes: Buffer, contentType: string): KeptRequest | undefined {
    if (!this.#isOn) return undefined;
    const isForm = /^multipart\//i.test(contentType);
    const request: KeptText = isForm
      ? { text: '', bytes: bytes.length, isCut: true }
      : maskedText(bytes, bytes.length, { scanned: scanned.request, kept: maxKeptLength });
    return { contentType: contentType.slice(0, 200), request: { ...request, text: ownText(request.text) } };
  }

  /** `id`: of the request in the activity. */
  begin(id: number, path: string, { contentType, request }: KeptRequest): AnswerTap {
    const kept: Kept = { bodies: { path, contentType, request }, chunks: [], length: 0 };
    if (this.#isOn) this.#kept.set(id, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKeptBodies) break;
      this.#kept.delete(oldest);
    }
    return {
      add: (chunk) => {
        if (this.#kept.get(id) !== kept) return;
        const room = scanned.answer - kept.length;
        // A chunk is a piece of a larger buffer, which would be held as a whole.
        if (room > 0) kept.chunks.push(Buffer.from(chunk.subarray(0, room)));
        kept.length += chunk.length;
      },
      ended: () => {
        if (this.#kept.get(id) !== kept || kept.length === 0) return;
        const answer = maskedText(Buffer.concat(kept.chunks), kept.length, { scanned: scanned.answer, kept: maxKeptLength });
        this.#kept.set(id, { bodies: { ...kept.bodies, answer: { ...answer, text: ownText(answer.text) } }, chunks: [], length: 0 });
      },
    };
  }

  has(id: number): boolean {
    return this.#kept.has(id);
  }

  get(id: number): KeptBodies | undefined {
    return this.#kept.get(id)?.bodies;
  }
}
