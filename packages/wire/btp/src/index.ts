export { decodeFrame, encodeFrame, frameBytesMax, ilpFrameBytes, ilpPacketOf, subProtocolsMax, writeIlpFrameHead } from './codec.ts'
export { ContentType, type ErrorFrame, type Frame, FrameType, type MessageFrame, type ResponseFrame, type SubProtocol, type TransferFrame } from './frame.ts'
