namespace Libvirtd.Rpc;

/// <summary>How many clients a server takes at a time.</summary>
/// <param name="MaxClients">In all; at the limit the server stops accepting.</param>
/// <param name="MaxAnonymousClients">Those that have not logged in yet; 0 for no limit.</param>
public sealed record ClientLimits(int MaxClients, int MaxAnonymousClients);
