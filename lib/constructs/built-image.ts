import { Fn, Stack } from 'aws-cdk-lib';
import { AssetImage, type AssetImageProps, type ContainerDefinition, type ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

/** An image that is built at deployment. `isIpv6`: whether it is pulled by IPv6 only. */
export const builtImage = (directory: string, props: AssetImageProps, isIpv6: boolean): ContainerImage =>
  isIpv6 ? new DualStackImage(directory, props) : new AssetImage(directory, props);

// biome-ignore lint/suspicious/noTemplateCurlyInString: Placeholders of CloudFormation.
const REGISTRY = '.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/';
// biome-ignore lint/suspicious/noTemplateCurlyInString: The same. This name resolves to IPv6 addresses too.
const DUAL_STACK_REGISTRY = '.dkr-ecr.${AWS::Region}.on.aws/';

class DualStackImage extends AssetImage {
  override bind(scope: Construct, container: ContainerDefinition) {
    const { imageName } = super.bind(scope, container);
    const { 'Fn::Sub': uri = '' } = Stack.of(scope).resolve(imageName) as { readonly 'Fn::Sub'?: string };
    if (!uri.includes(REGISTRY)) throw new Error(`The name of an image has an unknown form: ${uri}`);
    return { imageName: Fn.sub(uri.replace(REGISTRY, DUAL_STACK_REGISTRY)) };
  }
}
