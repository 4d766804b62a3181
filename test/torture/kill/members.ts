import { join } from 'node:path';
import type { Gate } from '#test/support/gate.ts';
import { freePort } from '#test/support/server-process.ts';
import { type Fleet, type FleetOptions, LEASE_SECONDS, type Route, type Server } from './fleet.ts';
import { Member } from './member.ts';

const MODEL = join(import.meta.dirname, '../../fixtures/torture');

/** What differs between platforms. */
export interface FleetBase {
  readonly servers: readonly Server[];
  /** Routes of a new process of this name to all servers, and the environment that makes it use them. */
  openRoutes(member: string): Promise<{
    readonly routes: readonly Route[];
    readonly environment: Readonly<Record<string, string>>;
  }>;
  stop(): Promise<void>;
}

/** Starts gateways and instances, each behind routes of its own. */
export async function startMembers(base: FleetBase, options: FleetOptions): Promise<Fleet> {
  const routes: Route[] = [];
  const urls: string[] = [];
  let stopping: Promise<void> | undefined;

  async function open(name: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    const opened = await base.openRoutes(name);
    routes.push(...opened.routes);
    const member = new Member(
      { name, args, environment: { ...opened.environment, MODELYARD_POLL_SECONDS: '1', ...environment } },
      options.random,
    );
    member.start();
    return member;
  }

  async function openGateway(number: number): Promise<Member> {
    const port = await freePort();
    urls.push(`http://127.0.0.1:${port}`);
    return open(`gateway ${number}`, ['bin/gateway.ts'], { MODELYARD_PORT: `${port}` });
  }

  const openInstance = (number: number): Promise<Member> =>
    open(`instance ${number}`, ['model-containers/runtime/instance/main.ts'], {
      MODELYARD_MODEL: MODEL,
      MODELYARD_LEASE_SECONDS: LEASE_SECONDS,
      MODELYARD_HEALTH_PORT: '0',
      TORTURE_RUNS: options.runsFile,
    });

  const gateways: Member[] = [];
  const instances: Member[] = [];
  for (let i = 1; i <= options.gateways; i++) gateways.push(await openGateway(i));
  for (let i = 1; i <= options.instances; i++) instances.push(await openInstance(i));
  return {
    gateways,
    urls,
    instances,
    routes,
    servers: base.servers,
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };

  async function stopAll(): Promise<void> {
    await Promise.all([...gateways, ...instances].map((member) => member.stop()));
    await Promise.all(routes.map(({ gate }) => gate.shut()));
    await base.stop();
  }
}

/** A route under a name that says between whom it is. */
export const routeOf = (member: string, server: string, gate: Gate): Route => ({ name: `${member} - ${server}`, gate });
