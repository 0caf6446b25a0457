using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Configuration;

/// <summary>The authentication method of one service, and where the configuration asked for it (<c>FILE:LINE</c>; null for the default).</summary>
internal sealed record AuthSetting(AuthType Method, string? Where = null);
