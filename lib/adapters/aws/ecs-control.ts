// Apart from `index.ts`, because handlers that only submit load the SDK of ECS when they need it.
export { ControlRows } from './control/control-rows.ts';
export { EcsInstanceController } from './control/ecs-instance-controller.ts';
export { EcsInstanceScaler } from './control/ecs-instance-scaler.ts';
export { EcsServices } from './control/ecs-services.ts';
export { EcsStartTests } from './control/ecs-start-tests.ts';
export { adoptLaunch } from './control/launch-adoption.ts';
export { StackState } from './control/stack-state.ts';
