import { readFileSync } from 'node:fs';
import { ROOT } from '../architecture/cruise.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly datasource: { readonly uid: string };
  /** In columns, of which there are 24, and rows. */
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly targets: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

interface Variable {
  readonly name: string;
  readonly definition: string;
  readonly datasource: { readonly uid: string };
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const read = (name: string): Dashboard =>
  JSON.parse(readFileSync(`${ROOT}/docker/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard;

/** The dashboards as Grafana is given them. */
export const dashboard = read('modelyard');
export const monitoring = read('monitoring');

/** What Grafana sends to Prometheus with all models chosen and the shortest step. */
export const asSent = (expr: string, rateInterval: string): string =>
  expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$model', '.*');

/** Every query of every panel, under the panel's title. */
export const queriesOf = ({ panels }: Dashboard): readonly { readonly title: string; readonly expr: string }[] =>
  panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
