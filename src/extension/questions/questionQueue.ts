/** Asks one question after the other: the editor takes a second box for an answer to the first, and that for none. */
export class QuestionQueue {
  #last: Promise<unknown> = Promise.resolve();
  readonly #open = new Map<string, Promise<string | undefined>>();

  /** `key`: what is asked. While the same question is open, its answer is that of all who have asked; undefined where it was dismissed. */
  ask(key: string, question: () => Promise<string | undefined>): Promise<string | undefined> {
    const open = this.#open.get(key);
    if (open) return open;
    const answer = this.#last.then(question);
    const settled = answer
      .catch(() => undefined)
      .then(() => {
        this.#open.delete(key);
      });
    this.#last = settled;
    this.#open.set(key, answer);
    return answer;
  }
}
