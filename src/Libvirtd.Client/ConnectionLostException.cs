namespace Libvirtd.Client;

/// <summary>The connection to the server has ended, or never came to be: what the server answers itself is a <see cref="Protocol.VirException"/>.</summary>
public sealed class ConnectionLostException(string message, Exception? inner = null) : IOException(message, inner);
