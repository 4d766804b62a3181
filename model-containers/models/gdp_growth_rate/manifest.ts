import type { ModelManifest } from '#catalog/manifest.ts';

export const manifest = {
  name: 'gdp_growth_rate',
  title: 'GDP growth',
  description: 'Estimates the growth of an economy in percent from its income, its unemployment and its past growth.',
  variants: ['LinearRegression', 'RandomForest'],
  slots: 4,
  timeoutSeconds: 10,
} as const satisfies ModelManifest;
