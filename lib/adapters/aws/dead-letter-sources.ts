import {
  GetEventSourceMappingCommand,
  LambdaClient,
  ResourceConflictException,
  ResourceInUseException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { DeadLetterFollower } from '#core';
import { type AwsConnection, connectionOf } from './clients.ts';

export interface DeadLetterSourcesOptions {
  readonly client: LambdaClient;
  /** The id of a model's event source, by the name of the model. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Looks without a letter until a source is disabled. Counts of SQS are approximate. */
const QUIET_LOOKS = 5;

interface Known {
  enabled: boolean;
  quietLooks: number;
}

/**
 * Has Lambda poll the dead letters of a model only while there are any: an enabled source of SQS is polled by five
 * receivers all the time, and each poll is billed.
 */
export class DeadLetterSources implements DeadLetterFollower {
  readonly #options: DeadLetterSourcesOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: DeadLetterSourcesOptions) {
    this.#options = options;
  }

  /** `waiting`: dead letters of the model now. Rejects when Lambda refuses or does not answer. */
  async follow(model: string, waiting: number): Promise<void> {
    const id = this.#options.sources.get(model);
    if (id === undefined) return;
    const known = this.#known.get(model) ?? { enabled: await this.#isEnabled(id), quietLooks: 0 };
    this.#known.set(model, known);
    known.quietLooks = waiting > 0 ? 0 : known.quietLooks + 1;
    const wanted = waiting > 0 || (known.enabled && known.quietLooks < QUIET_LOOKS);
    if (wanted !== known.enabled && (await this.#enable(id, wanted))) known.enabled = wanted;
  }

  async #isEnabled(id: string): Promise<boolean> {
    const { State = '' } = await this.#options.client.send(new GetEventSourceMappingCommand({ UUID: id }));
    return State === 'Enabled' || State === 'Enabling';
  }

  /** Resolves with false while an earlier change is under way. The next look repeats it. */
  async #enable(id: string, enabled: boolean): Promise<boolean> {
    try {
      await this.#options.client.send(new UpdateEventSourceMappingCommand({ UUID: id, Enabled: enabled }));
      return true;
    } catch (error) {
      if (error instanceof ResourceInUseException || error instanceof ResourceConflictException) return false;
      throw error;
    }
  }
}

export const createLambdaClient = (connection: AwsConnection): LambdaClient =>
  new LambdaClient(connectionOf(connection, connection.endpoints?.lambda, 5000));
