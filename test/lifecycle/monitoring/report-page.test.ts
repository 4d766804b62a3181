import { describe, expect, it } from 'vitest';
import type { MonitorReport, MonitorWindow } from '#core';
import { REPORT_PAGE_HEADERS, reportPage } from '#lifecycle/monitoring/report-page.ts';

const drift = { feature: '<rate>', statistic: 'ks', value: 0.9, threshold: 0.05, p_value: 1e-9, drifted: true };

const window = (more: Partial<MonitorWindow> = {}): MonitorWindow => ({
  ...{
    version: '1',
    start: '2026-01-01T00:00:00.000Z',
    end: '2026-01-01T01:00:00.000Z',
    state: 'closed',
    shadow: false,
  },
  ...{ predictions: 40, drifted: true, quality: {}, computed_at: '2026-01-01T01:02:00.000Z' },
  drift: [drift],
  performance: { outcomes: 3, mae: 0.5, rmse: 0.6, bias: 0.1 },
  ...more,
});
const report: MonitorReport = {
  model: 'rates',
  settings: { window_seconds: 3600, grace_seconds: 120, min_predictions: 30, tests: {} },
  outcomes: { recorded: 3, refused: { duplicate_outcome: 2 } },
  windows: [
    window({ start: '2026-01-01T01:00:00.000Z', version: '2', drifted: false, drift: [{ ...drift, drifted: false }] }),
    window(),
  ],
};

describe('the report page of a model', () => {
  const page = reportPage({
    report,
    distributions: {
      '<rate>': { edges: [0, 1, 2], reference: [0.5, 0.5], current: [0, 1] },
      kind: { labels: ['a', 'b'], reference: null, current: [0.4, 0.6] },
    },
    versions: [{ version: '2', created_at: '2026-01-01', aliases: ['champion'] }],
    alerts: [{ state: 'firing', rule: 'drift of <rate>' }],
  });

  it('shows errors over time, distributions, windows, versions and alerts', () => {
    expect(page.match(/<svg /g)).toHaveLength(4);
    for (const text of ['No drift', 'version 2', '2 duplicate_outcome', 'champion', 'firing', 'ks p 1.00e-9 ≤ 0.05']) {
      expect(page).toContain(text);
    }
  });

  it('has no scripts and no styles but the one that its policy allows', () => {
    expect(page).not.toMatch(/<script|style=|<rate>| on\w+=/);
    expect(REPORT_PAGE_HEADERS['Content-Security-Policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*';/,
    );
  });

  it('does not say that a window has no drift when it was not tested', () => {
    const windows = [window({ predictions: 3, drifted: false, drift: [] })];

    const shown = reportPage({ report: { ...report, windows }, distributions: {}, versions: [], alerts: [] });

    expect(shown).toContain('Not tested for drift in version 1');
    expect(shown).not.toContain('No drift');
  });

  it('of a model without predictions says so', () => {
    const empty = { ...report, windows: [], outcomes: { recorded: 0, refused: {} } };

    const shown = reportPage({ report: empty, distributions: {}, versions: [], alerts: [] });

    expect(shown).toContain('No window has been judged yet.');
    expect(shown).toContain('No outcome is known yet.');
  });
});
