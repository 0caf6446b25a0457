namespace Libvirtd.Rpc;

/// <summary>The client broke the framing: its connection is closed, nothing else happens.</summary>
internal sealed class ProtocolViolationException(string message) : Exception(message);
