import * as vscode from 'vscode';
import type { AnswerUsage } from '../../client/chatAnswer.ts';
import { type AnswerFigures, maxAnswerLength, type PlaygroundAnswer, type Prompt } from '../../protocol/modelPages.ts';
import { errorText } from '../localized.ts';
import type { Models } from '../models/models.ts';

/** Interval in milliseconds at which text is sent to the page. */
const flushMillis = 60;
/** Number of answers that stand side by side. */
const paneCount = 2;

/** Asks models what a user types into the dashboard, and keeps their last answers: a page that was hidden is created anew and has none. */
export class Playground implements vscode.Disposable {
  readonly #models: Models;
  readonly #tell: (answer: PlaygroundAnswer) => void;
  #answers: Answer[] = [];

  constructor(models: Models, tell: (answer: PlaygroundAnswer) => void) {
    this.#models = models;
    this.#tell = tell;
  }

  dispose(): void {
    this.stop();
  }

  /** What was asked before is stopped. */
  ask(prompts: readonly Prompt[]): void {
    for (const answer of this.#answers) answer.leave();
    const { gateway } = this.#models;
    if (!gateway) throw new Error(vscode.l10n.t('The model gateway has not started yet.'));
    this.#answers = prompts.slice(0, paneCount).map((prompt, pane) => new Answer(pane, prompt, this.#tell));
    for (const answer of this.#answers) void answer.follow(gateway);
  }

  stop(): void {
    for (const answer of this.#answers) answer.stop();
  }

  /** To a page that knows nothing. */
  tellAll(): void {
    for (const answer of this.#answers) answer.tellAll();
  }
}

class Answer {
  readonly #pane: number;
  readonly #prompt: Prompt;
  readonly #tell: (answer: PlaygroundAnswer) => void;
  readonly #leaving = new AbortController();
  #isLeft = false;
  readonly #text = new ShownText();
  readonly #reasoning = new ShownText();
  #status: number | undefined;
  #state: PlaygroundAnswer['state'] = 'waiting';
  #note = '';
  #figures: AnswerFigures | undefined;

  constructor(pane: number, prompt: Prompt, tell: (answer: PlaygroundAnswer) => void) {
    this.#pane = pane;
    this.#prompt = prompt;
    this.#tell = tell;
  }

  stop(): void {
    this.#leaving.abort();
  }

  /** Another one takes its place: it tells nothing any more. */
  leave(): void {
    this.#isLeft = true;
    this.stop();
  }

  tellAll(): void {
    this.#send(true);
  }

  /** Never rejects: what goes wrong is shown in the place of the answer. */
  async follow(gateway: { readonly url: string; readonly token: string }): Promise<void> {
    const { signal } = this.#leaving;
    this.tellAll();
    const flushing = setInterval(() => this.#flush(), flushMillis);
    const begunAt = performance.now();
    let firstAt: number | undefined;
    let pieces = 0;
    let usage: AnswerUsage = {};
    const take = (shown: ShownText, text: string): void => {
      firstAt ??= performance.now();
      pieces++;
      shown.add(text);
      this.#state = 'answering';
      this.#note = '';
    };
    try {
      const [{ streamChat }, { promptRequest }] = await Promise.all([
        import('../../client/chatStream.ts'),
        import('../../client/promptRequest.ts'),
      ]);
      await streamChat(
        { ...gateway, client: 'tree-warden-playground' },
        promptRequest(this.#prompt),
        {
          onText: (text) => take(this.#text, text),
          onReasoning: (text) => take(this.#reasoning, text),
          onWaiting: (state) => {
            if (this.#state !== 'waiting' || this.#note === state) return;
            this.#note = state;
            this.#send(false);
          },
          onUsage: (counted) => {
            usage = counted;
          },
        },
        signal,
      );
      this.#state = 'ended';
      this.#note = '';
    } catch (error) {
      this.#state = signal.aborted ? 'stopped' : 'failed';
      this.#note = signal.aborted ? '' : errorText(error);
      if (!signal.aborted && error instanceof Error && 'status' in error) this.#status = Number(error.status);
    } finally {
      clearInterval(flushing);
      this.#figures = figuresOf({ begunAt, firstAt, endedAt: performance.now(), pieces, usage });
      this.#send(false);
    }
  }

  #flush(): void {
    if (this.#text.hasMore || this.#reasoning.hasMore) this.#send(false);
  }

  #send(anew: boolean): void {
    const [text, reasoning] = [this.#text.take(anew), this.#reasoning.take(anew)];
    if (this.#isLeft) return;
    this.#tell({
      ...{ pane: this.#pane, model: this.#prompt.model, text, reasoning, anew, state: this.#state, note: this.#note },
      ...(this.#status !== undefined && { status: this.#status }),
      ...(this.#figures && { figures: this.#figures }),
    });
  }
}

/** A text that is sent to the page in pieces. What is longer than the page shows is left out. */
class ShownText {
  #all = '';
  #sentLength = 0;

  get hasMore(): boolean {
    return this.#all.length > this.#sentLength;
  }

  add(text: string): void {
    this.#all += text.slice(0, maxAnswerLength - this.#all.length);
  }

  /** What was not taken before; all of it where `anew`. */
  take(anew: boolean): string {
    const taken = anew ? this.#all : this.#all.slice(this.#sentLength);
    this.#sentLength = this.#all.length;
    return taken;
  }
}

interface Measured {
  /** By performance.now(). */
  readonly begunAt: number;
  readonly firstAt: number | undefined;
  readonly endedAt: number;
  /** Pieces of the answer, each of which is a token of most servers. */
  readonly pieces: number;
  readonly usage: AnswerUsage;
}

function figuresOf({ begunAt, firstAt, endedAt, pieces, usage }: Measured): AnswerFigures {
  const { inputTokens, outputTokens = pieces > 0 ? pieces : undefined } = usage;
  const streamSeconds = firstAt === undefined ? 0 : (endedAt - firstAt) / 1000;
  return {
    totalMillis: endedAt - begunAt,
    ...(firstAt !== undefined && { firstTokenMillis: firstAt - begunAt }),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    // Of one token, or of a moment, nothing can be said.
    ...(outputTokens !== undefined && outputTokens > 1 && streamSeconds >= 0.1 && { tokensPerSecond: (outputTokens - 1) / streamSeconds }),
  };
}
