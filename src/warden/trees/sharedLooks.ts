/**
 * Runs one look at a time. Those that are asked for meanwhile share the next one, which is thorough where any of them is to be: an answer is never
 * older than its question, and never less thorough.
 */
export class SharedLooks<T> {
  readonly #look: (thorough: boolean) => Promise<T>;
  #underWay: Promise<void> | undefined;
  #next: { thorough: boolean; readonly answer: Promise<T> } | undefined;

  constructor(look: (thorough: boolean) => Promise<T>) {
    this.#look = look;
  }

  /** Rejects where the look does; the one that comes after it begins nevertheless. */
  take(thorough: boolean): Promise<T> {
    if (this.#next === undefined) return this.#underWay === undefined ? this.#begin(thorough) : this.#beginAfter(this.#underWay, thorough);
    this.#next.thorough ||= thorough;
    return this.#next.answer;
  }

  #begin(thorough: boolean): Promise<T> {
    const answer = this.#look(thorough);
    const end = (): void => {
      this.#underWay = undefined;
    };
    this.#underWay = answer.then(end, end);
    return answer;
  }

  #beginAfter(other: Promise<void>, thorough: boolean): Promise<T> {
    const answer = other.then((): Promise<T> => {
      const isThorough = this.#next?.thorough ?? thorough;
      this.#next = undefined;
      return this.#begin(isThorough);
    });
    this.#next = { thorough, answer };
    return answer;
  }
}
