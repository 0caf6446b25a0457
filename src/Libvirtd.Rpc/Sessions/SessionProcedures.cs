using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Dispatch;

namespace Libvirtd.Rpc.Sessions;

/// <summary>The procedures that the session itself answers: opening, closing, features, authentication. Events are in the other part.</summary>
internal static partial class SessionProcedures
{
    private const int FeatureRemote = 2;
    private const int FeatureFiles = 8;
    private const int FeatureStrings = 9;
    private const int FeatureKeepAlive = 10;
    private const int FeatureEventCallbacks = 14;
    private const int FeatureCloseCallbacks = 15;
    private const int FeatureNetworkUpdateOrder = 16;

    /// <summary>Allowed before authentication.</summary>
    public static bool IsAuthentication(ProcedureInfo procedure) => procedure.IsSession && procedure.Name.StartsWith("REMOTE_PROC_AUTH_", StringComparison.Ordinal);

    public static void ConnectOpen(ServerCall call, ConnectOpenArgs args)
    {
        if (call.Session.Connection is not null)
            throw RpcErrors.Internal("connection already open");
        call.Complete(OpenAsync(call, args.Name ?? "", (args.Flags & (uint)ConnectFlags.Ro) != 0));
    }

    public static void ConnectClose(ServerCall call)
    {
        call.Complete(default);
        call.Session.Close();
    }

    public static void ConnectSupportsFeature(ServerCall call, ConnectSupportsFeatureArgs args)
    {
        if (args.Feature == FeatureKeepAlive)
        {
            call.Session.EnableKeepAlive();
            Answer(call, true);
            return;
        }
        DriverConnection connection = call.Connection(hypervisor: true);
        if (args.Feature == FeatureNetworkUpdateOrder)
            call.Session.KnowsNetworkUpdateOrder = true;
        Answer(call, args.Feature switch
        {
            FeatureRemote => false,
            FeatureFiles or FeatureStrings or FeatureEventCallbacks or FeatureCloseCallbacks or FeatureNetworkUpdateOrder => true,
            _ => connection.SupportsFeature(args.Feature),
        });
    }

    public static void ConnectGetLibVersion(ServerCall call)
    {
        call.Connection(hypervisor: true);
        call.Complete(
            new ValueTask<ulong>(call.Session.Server.Options.LibraryVersion),
            static (_, writer, result) => new ConnectGetLibVersionRet { LibVer = result }.Encode(writer));
    }

    public static void ConnectRegisterCloseCallback(ServerCall call)
    {
        call.Connection(hypervisor: true);
        call.Complete(default);
    }

    public static void ConnectUnregisterCloseCallback(ServerCall call)
    {
        call.Connection(hypervisor: true);
        call.Complete(default);
    }

    public static void ConnectSetIdentity(ServerCall call, ConnectSetIdentityArgs args)
    {
        call.Connection(hypervisor: true);
        if (args.Flags != 0)
            throw VirException.UnsupportedFlags(ErrorDomain.Rpc, args.Flags, "virConnectSetIdentity");
        call.Session.Identity = IdentityParameters.Read(args.Params);
        call.Complete(default);
    }

    public static void AuthList(ServerCall call) => call.Complete(
        new ValueTask<AuthType[]>([AuthType.None]),
        static (_, writer, result) => new AuthListRet { Types = result }.Encode(writer));

    public static void AuthSaslInit(ServerCall call) => throw SaslFailed();

    public static void AuthSaslStart(ServerCall call, AuthSaslStartArgs args) => throw SaslFailed();

    public static void AuthSaslStep(ServerCall call, AuthSaslStepArgs args) => throw SaslFailed();

    public static void AuthPolkit(ServerCall call) =>
        throw VirException.Of(ErrorCode.AuthFailed, ErrorDomain.Polkit, "this service does not authenticate with polkit");

    private static VirException SaslFailed() => VirException.Of(ErrorCode.AuthFailed, ErrorDomain.Rpc, "authentication failed");

    private static void Answer(ServerCall call, bool supported) => call.Complete(
        new ValueTask<bool>(supported),
        static (_, writer, result) => new ConnectSupportsFeatureRet { Supported = result ? 1 : 0 }.Encode(writer));

    private static async ValueTask OpenAsync(ServerCall call, string name, bool readOnly)
    {
        Session session = call.Session;
        RpcServer server = session.Server;
        if (name.Length == 0)
            name = server.Options.DefaultUri ?? server.Drivers.Select(driver => driver.DefaultUri).FirstOrDefault(uri => uri is not null) ?? "";
        ConnectUri parsed = ConnectUri.Parse(name);
        if (name.Length > 0 && parsed.Scheme.Length == 0)
            throw VirException.Of(ErrorCode.NoConnect, ErrorDomain.None, $"URI '{name}' does not include a driver name");
        ConnectRequest request = new(name, parsed, readOnly || session.IsReadOnly, session.Identity);
        foreach (Driver driver in server.Drivers)
        {
            if (await driver.OpenAsync(request, session.Cancellation).ConfigureAwait(false) is not { } connection)
                continue;
            if (!session.TryOpen(connection))
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                throw RpcErrors.Internal("connection already open");
            }
            session.IsReadOnly |= readOnly;
            return;
        }
        throw VirException.Of(ErrorCode.NoConnect, ErrorDomain.None, name);
    }
}
