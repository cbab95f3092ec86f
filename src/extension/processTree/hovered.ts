/** Time in milliseconds for which a hover counts as read after it was requested. The editor does not say when it closes. */
const hoverMillis = 10_000;

/** What changes less while the hover of a row is read: a hover closes when any row is drawn anew. */
export abstract class Hovered {
  protected readonly now: () => number;
  #until = Number.NEGATIVE_INFINITY;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** To be called when the hover of a row is requested. */
  hoverBegins(): void {
    this.#until = this.now() + hoverMillis;
  }

  /** To be called when a button or a menu of a row is used, which closes its hover. */
  hoverEnds(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  protected get isHovered(): boolean {
    return this.now() < this.#until;
  }
}
