import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV } from '#platform/environment.ts';
import { acknowledge } from './acknowledge.ts';
import type { Data, UseOfUsers } from './data.ts';
import type { Consumer } from './handler-function.ts';

/** How a stage authenticates callers. */
export type AuthConfig =
  /** Every caller is the local user with all rights. For emulators only. */
  | { readonly kind: 'none' }
  /** Users with passwords; the stage signs their tokens. `registration: 'open'` lets anybody register. */
  | { readonly kind: 'jwt'; readonly registration: 'open' | 'closed' }
  /** Tokens of an OpenID Connect issuer. `docs/identity.md` explains the fields. */
  | { readonly kind: 'oidc'; readonly issuer: string; readonly audience: string; readonly roleClaim?: string };

export interface IdentityProps {
  readonly auth: AuthConfig;
  readonly data: Data;
}

/** Random letters and digits: more than 256 bits. */
const SEED_LENGTH = 64;

/** The settings, the signing keys and the grants of functions that know users. */
export class Identity extends Construct {
  /** The keys that sign tokens. Undefined where this stage signs none. */
  readonly signingKeys: Secret | undefined;
  readonly #auth: AuthConfig;
  readonly #data: Data;

  constructor(scope: Construct, id: string, { auth, data }: IdentityProps) {
    super(scope, id);
    this.#auth = auth;
    this.#data = data;
    this.signingKeys = auth.kind === 'jwt' ? this.#createKeys() : undefined;
  }

  /** Whether callers are verified. */
  get isOn(): boolean {
    return this.#auth.kind !== 'none';
  }

  /** Tells whether callers are verified. This gives no permission. */
  introduce(consumer: Consumer): void {
    consumer.addEnvironment(ENV.auth, this.#auth.kind);
  }

  /** Verify tokens and keys, and note when a key was used. Users of an issuer are added at their first token. */
  grantVerify(consumer: Consumer): void {
    if (!this.isOn) return;
    this.#grantReadKeys(consumer);
    this.#grantUsers(consumer, this.#auth.kind === 'oidc' ? ['read', 'change', 'add'] : ['read', 'change']);
  }

  /** Log in, and register if registration is open. */
  grantLogIn(consumer: Consumer): void {
    if (this.#auth.kind !== 'jwt') return;
    this.#data.grantCountLogins(consumer);
    this.#grantReadKeys(consumer);
    this.#grantUsers(consumer, this.isOpen ? ['read', 'change', 'add'] : ['read', 'change']);
  }

  /** Keep one's own API keys. */
  grantKeepKeys(consumer: Consumer): void {
    if (this.isOn) this.#grantUsers(consumer, ['read', 'change']);
  }

  /** Find a user by name or id. */
  grantFindUsers(consumer: Consumer): void {
    if (this.isOn) this.#grantUsers(consumer, ['read']);
  }

  /** List users and find them by name. */
  grantListUsers(consumer: Consumer): void {
    if (this.isOn) this.#grantUsers(consumer, ['list', 'read']);
  }

  /** List users, and change and delete them only while registration is open. */
  grantAdminister(consumer: Consumer): void {
    if (this.isOn) this.#grantUsers(consumer, this.isOpen ? ['list', 'read', 'change', 'remove'] : ['list']);
    if (this.isOpen) this.#data.grantErase(consumer);
  }

  /** Whether users register, and administrators change and delete them by the API. */
  get isOpen(): boolean {
    return this.#auth.kind === 'jwt' && this.#auth.registration === 'open';
  }

  #createKeys(): Secret {
    const secret = new Secret(this, 'SigningKeys', {
      description: 'Signs access tokens. npm run users -- rotate-keys replaces it.',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'seed',
        passwordLength: SEED_LENGTH,
        excludePunctuation: true,
      },
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4':
        'One command rotates the keys with overlap; a schedule would need one more function with the right to replace them.',
    });
    return secret;
  }

  #grantReadKeys(consumer: Consumer): void {
    const { signingKeys } = this;
    if (!signingKeys) return;
    consumer.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [signingKeys.secretArn] }),
    );
  }

  #grantUsers(consumer: Consumer, uses: readonly UseOfUsers[]): void {
    this.#data.grantUsers(consumer, uses);
    const auth = this.#auth;
    if (auth.kind === 'jwt') consumer.addEnvironment(ENV.registration, auth.registration);
    if (auth.kind === 'oidc') {
      consumer.addEnvironment(ENV.oidcIssuer, auth.issuer);
      consumer.addEnvironment(ENV.oidcAudience, auth.audience);
      if (auth.roleClaim !== undefined) consumer.addEnvironment(ENV.oidcRoleClaim, auth.roleClaim);
    }
    if (this.signingKeys) consumer.addEnvironment(ENV.keysSecret, this.signingKeys.secretArn);
  }
}
