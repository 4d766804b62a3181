export { decideRollout, type LiveErrors, type RolloutInput, type RolloutVerdict } from './decide-rollout.ts';
export {
  type Candidate,
  type Deployment,
  type Guard,
  isDeployment,
  type Rejection,
  type VersionPointer,
  withoutRejected,
} from './pointers.ts';
export { isInShare, keyOf, placeOf, ROUTING_KEYS, type RoutedTask, type RoutingKey } from './route.ts';
export { DEFAULT_RULE, presentRule, type RolloutRule, readRule } from './rule.ts';
export { emptyTally, errorRateOf, isTally, latencyOf, sumTallies, TallyCounter, type VersionTally } from './tally.ts';
