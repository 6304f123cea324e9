export { keyIdOf, type SignedRequest, SignatureFault, type SignatureFaultCode, signRequest, verifyRequest } from './signature.ts'
