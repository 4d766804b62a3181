import { codeOf, type Envelope, inSpan, type Span, type TraceContext, type Tracing } from '#core';
import type { EndedAttempt } from './worker-observer.ts';

interface TracedAttempt {
  readonly model: string;
  readonly instance: string | undefined;
  readonly envelope: Envelope;
  readonly receivedAt: number;
  readonly number: number;
}

/** The spans of one attempt: its wait in the queue, all of it, each run, and the storing of the result. */
export class AttemptSpans {
  readonly #tracing: Tracing;
  readonly #model: string;
  readonly #whole: Span;

  constructor(tracing: Tracing, { model, instance, envelope, receivedAt, number }: TracedAttempt) {
    const { taskId, requestId, submittedAt, trace: parent } = envelope;
    const trail = { 'modelyard.task.id': taskId, 'modelyard.request.id': requestId };
    this.#tracing = tracing;
    this.#model = model;
    const waited = { name: `queue ${model}`, parent, attributes: trail, at: Math.min(submittedAt, receivedAt) };
    tracing.start(waited).end({ at: receivedAt });
    this.#whole = tracing.start({
      name: `process ${model}`,
      kind: 'consumer',
      parent,
      attributes: {
        ...trail,
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': model,
        'messaging.message.id': taskId,
        'modelyard.attempt': number,
        'modelyard.instance.id': instance,
      },
      at: receivedAt,
    });
  }

  /** A run of the model. What the model does belongs to this span. */
  predicting(at: number): Span {
    return this.#tracing.start({ ...this.#partOf(`predict ${this.#model}`), kind: 'client', at });
  }

  /** Settles the task in a span. When it cannot be settled, the attempt has ended. */
  async storing<T>(at: number, settle: () => Promise<T>): Promise<T> {
    try {
      return await inSpan(this.#tracing.start({ ...this.#partOf('store result'), at }), settle);
    } catch (error) {
      this.#whole.end({ error: codeOf(error) });
      throw error;
    }
  }

  end({ outcome, error }: Pick<EndedAttempt, 'outcome' | 'error'>): void {
    this.#whole.set({ 'modelyard.outcome': outcome });
    this.#whole.end({ error: error?.code });
  }

  #partOf(name: string): { readonly name: string; readonly parent: TraceContext } {
    return { name, parent: this.#whole.context };
  }
}
