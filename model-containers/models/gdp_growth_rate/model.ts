import { GdpGrowthRateRequest, GdpGrowthRateResponse } from '#proto/models/gdp_growth_rate.ts';
import { defineModel } from '#runtime/define-model.ts';
import { assertPlausible } from './features.ts';
import { manifest } from './manifest.ts';
import { loadRegressor } from './regressor.ts';

/** Predicts growth in percent with the variant that the instance was started with. */
export default defineModel({
  manifest,
  request: GdpGrowthRateRequest,
  response: GdpGrowthRateResponse,

  setup: ({ variant }) => loadRegressor(variant),

  predict({ variant, predict }, request) {
    assertPlausible(request);
    return { growth_percent: predict(request), variant };
  },
});
