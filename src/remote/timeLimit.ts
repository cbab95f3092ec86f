import { errorText } from '../protocol/errors.ts';
import type { NodeRunner } from './runner.ts';

/** Between two looks at the time limit, in milliseconds: each is a question to a controller that all users share. */
const lookMillis = 60_000;
/** Of the whole time, when more is asked for. */
const lastShare = 1 / 5;

export interface KnownLimit {
  /** When it ends, in milliseconds since 1970. */
  readonly endsAt: number;
  /** Why there is no more time; undefined where none was asked for, or where it was given. */
  readonly refusal?: string;
}

/** The time limit of a placement. When less than a fifth of it is left, it is asked once for as much again. */
export class TimeLimit {
  readonly #node: Pick<NodeRunner, 'state' | 'extend'>;
  readonly #onChange: (limit: KnownLimit) => void;
  #known: KnownLimit | undefined;
  /** The time that there was in the beginning, in milliseconds. */
  #total = 0;
  #wasAsked = false;
  #isLooking = false;
  #looked = performance.now();

  constructor(node: Pick<NodeRunner, 'state' | 'extend'>, onChange: (limit: KnownLimit) => void) {
    this.#node = node;
    this.#onChange = onChange;
  }

  /** Of a placement that has just begun. */
  beginAt(endsAt: number, now = Date.now()): void {
    this.#known = { endsAt };
    this.#total = endsAt - now;
  }

  /** To be called every few seconds; returns at once. */
  lookAt(now = Date.now()): void {
    const known = this.#known;
    if (!known || this.#isLooking) return;
    const isShort = !this.#wasAsked && known.endsAt - now < this.#total * lastShare;
    if (!isShort && performance.now() - this.#looked < lookMillis) return;
    this.#isLooking = true;
    void this.#look(isShort)
      .catch(() => undefined)
      .finally(() => {
        this.#isLooking = false;
        this.#looked = performance.now();
      });
  }

  async #look(isShort: boolean): Promise<void> {
    let refusal = this.#known?.refusal;
    if (isShort && this.#node.extend) {
      this.#wasAsked = true;
      try {
        await this.#node.extend(this.#total);
      } catch (error) {
        refusal = errorText(error);
      }
    }
    const state = await this.#node.state();
    const endsAt = (state.is === 'there' ? state.endsAt : undefined) ?? this.#known?.endsAt;
    if (endsAt === undefined || (endsAt === this.#known?.endsAt && refusal === this.#known.refusal)) return;
    this.#known = { endsAt, ...(refusal !== undefined && { refusal }) };
    this.#onChange(this.#known);
  }
}
